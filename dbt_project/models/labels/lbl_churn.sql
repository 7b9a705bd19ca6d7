-- One row per customer, cut-off and horizon: did no completed order follow within the horizon?
{{ outcome_labels('churn', completed_orders_now(), label_when_event=false) }}
