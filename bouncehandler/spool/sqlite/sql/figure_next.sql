-- The first hour from then on that has any figures; NULL: none has.
SELECT min(hour) FROM figures WHERE hour >= :since AND hour < :until
