-- One row per customer, cut-off and horizon: did a completed order follow within the horizon?
{{ outcome_labels('next_purchase', latest_completed_orders(), label_when_event=true) }}
