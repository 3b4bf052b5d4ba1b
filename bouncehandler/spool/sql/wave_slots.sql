SELECT slot, shape, bounces, held FROM hard_bounce WHERE operator = :operator AND slot > :after AND slot <= :upto
