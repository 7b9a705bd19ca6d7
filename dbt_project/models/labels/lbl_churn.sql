-- One row per customer, cut-off and horizon: did no completed order follow within the horizon?
{{ outcome_labels('churn', latest_completed_orders(), label_when_event=false) }}
