INSERT INTO event (suppression, provider, at, event, asked_by, detail)
VALUES (:suppression, :provider, :now, :event, :asked_by, :detail)
