UPDATE post SET sent_upto = max(sent_upto, :upto) WHERE claim = :claim
