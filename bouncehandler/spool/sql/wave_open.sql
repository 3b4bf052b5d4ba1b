INSERT INTO wave (operator, shape, since_slot, last_slot, opened_at, told_at, bounces, expected, example)
VALUES (:operator, :shape, :since_slot, :slot, :now, :now, :bounces, :expected, :example)
