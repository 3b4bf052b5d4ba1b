SELECT name FROM forgotten
