UPDATE hard_bounce SET held = max(0, min(bounces, held + :held)) WHERE operator = :operator AND slot = :slot AND shape = :shape
