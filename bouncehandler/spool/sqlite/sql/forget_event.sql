INSERT INTO event (suppression, at, event, asked_by) VALUES (:id, :now, 'forgotten', :asked_by)
