INSERT OR REPLACE INTO attempt (dispatch, number, started_at, seconds, result, answer)
VALUES (:id, :number, :started_at, :seconds, :result, :answer)
