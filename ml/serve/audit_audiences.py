"""The rules of the audit on lists of people: who may stand in one, and whether the figures on them agree.

Consent is asked for here once more, in other words than those that made the lists.
"""

from __future__ import annotations

# Each query gives the number of rows that break the rule; 0 is expected of all of them.
AUDIENCE_RULES = {
    "every audience member is a customer": (
        "select count(*) from published.audience_members anti join published.customers using (customer_id)"
    ),
    "no audience member without consent to its channel": (
        "select count(*) from published.audience_members as members "
        "inner join published.audiences as audiences using (audience) "
        "inner join published.customers as customers using (customer_id) where not coalesce(case audiences.channel "
        "when 'email' then consent_email when 'sms' then consent_sms when 'push' then consent_push "
        "when 'ads' then consent_ad_user_data and consent_ad_personalization else true end, false)"
    ),
    "no audience member who refused profiling": (
        "select count(*) from published.audience_members semi join events.int_customer__refusals using (customer_id)"
    ),
    "an audience member is held out exactly where its purpose holds it out": (
        "select count(*) from published.audience_members as members "
        "inner join published.audiences as audiences using (audience) left join published.holdouts as holdouts "
        "on audiences.purpose = holdouts.purpose and members.customer_id = holdouts.customer_id "
        'where members."group" <> coalesce(holdouts."group", \'treatment\')'
    ),
    "who is held out is a customer": (
        "select count(*) from published.holdouts anti join published.customers using (customer_id)"
    ),
    "the sizes of an audience are those of its members": (
        "select count(*) from published.audiences left join (select audience, count(*) as members, "
        "count(*) filter (\"group\" = 'treatment') as treated, count(*) filter (\"group\" = 'holdout') as held_out, "
        "count(*) filter (is_within_cap) as within from published.audience_members group by audience) "
        "using (audience) where size <> coalesce(members, 0) or treatment_count <> coalesce(treated, 0) "
        "or holdout_count <> coalesce(held_out, 0) or within_cap_count <> coalesce(within, 0) "
        "or within_cap_count <> least(size, coalesce(size_cap, size)) "
        "or fitting_count <> size + without_consent_count or without_consent_count < 0"
    ),
    "every member stands in a declared audience": (
        "select count(*) from published.audience_members anti join published.audiences using (audience)"
    ),
    "two audiences share as many people from either side": (
        "select count(*) from published.audience_overlap as one full join published.audience_overlap as other "
        "on one.audience = other.other_audience and one.other_audience = other.audience "
        "where one.customers is distinct from other.customers "
        "or not coalesce(one.share_of_smaller > 0 and one.share_of_smaller <= 1, false)"
    ),
    "who stayed and who entered are the members of today": (
        "select count(*) from (select audience, sum(stayed + entered) as told from published.audience_stability "
        "group by audience) left join published.audiences using (audience) where told <> coalesce(size, 0)"
    ),
    "who entered since the version before entered today": (
        "select count(*) from published.audience_changes as changes "
        "left join published.audience_members as members using (audience, customer_id) "
        "left join published.customers as customers using (customer_id) "
        "where (change = 'entered' and members.entered_at is distinct from customers.as_of_date) "
        "or (change = 'left' and members.customer_id is not null)"
    ),
}
