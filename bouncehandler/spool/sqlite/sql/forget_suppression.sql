-- Whatever may tell who it was; VERP senders hold the recipient.
UPDATE OR REPLACE suppression SET recipient = :name, record = :record, diagnostic = '', originator = '', subscriber = ''
WHERE id = :id
