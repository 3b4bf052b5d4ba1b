UPDATE spike SET since_slot = min(since_slot, :since_slot), last_slot = max(last_slot, :slot) WHERE id = :id
