UPDATE wave SET example = '' WHERE instr(lower(example), :person) > 0
