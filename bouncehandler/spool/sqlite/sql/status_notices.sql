-- Numbers are given without gaps, and notices are deleted from the oldest on, so no row has to be counted.
SELECT max(0, coalesce((SELECT max(id) FROM notice), 0) - sent_upto) FROM post
