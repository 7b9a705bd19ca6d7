-- One row per customer, cut-off and horizon: did a completed order follow within the horizon?
{{ outcome_labels('next_purchase', completed_orders_now(), label_when_event=true) }}
