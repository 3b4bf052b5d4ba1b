SELECT record FROM suppression WHERE id > :newest
