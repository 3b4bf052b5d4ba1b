SELECT at, rule, category, status, diagnostic, originator, spent FROM soft_bounce WHERE recipient = :person ORDER BY day
