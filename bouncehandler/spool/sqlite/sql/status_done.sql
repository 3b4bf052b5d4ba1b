SELECT name, done FROM provider WHERE done > 0
