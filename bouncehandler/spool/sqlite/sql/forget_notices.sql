UPDATE notice SET about = '{}' WHERE instr(lower(about), :person) > 0
