UPDATE spike SET example = '' WHERE instr(lower(example), :person) > 0
