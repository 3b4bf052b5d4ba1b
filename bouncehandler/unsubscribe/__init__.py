"""List-Unsubscribe by mail: signed addresses, the maildrop between the mail process and an instance, auto-replies."""
