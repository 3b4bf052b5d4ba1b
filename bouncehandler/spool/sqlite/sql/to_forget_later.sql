INSERT OR IGNORE INTO to_forget (person) VALUES (:person)
