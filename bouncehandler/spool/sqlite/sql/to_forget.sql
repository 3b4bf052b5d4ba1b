SELECT person FROM to_forget
