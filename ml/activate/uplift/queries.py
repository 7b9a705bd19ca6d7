"""The questions to the warehouse: who was drawn for a campaign, who was not, and what each did.

A **unit** is a customer on the day of a campaign: identity, consent and earlier messages as they were visible that
day, so that nothing which the message itself changed decides who is compared. Outcomes follow the rule of labels:
they count the facts of every person (as known at the run's date) behind the records the unit held that day.
"""

DECLARED = "seeds.randomised_campaigns"

UNITS = """
create temp table units (
    origin varchar, pattern varchar, campaign varchar, campaign_date date, channel varchar, customer_id varchar,
    is_treated boolean, is_redrawn boolean, is_mixed boolean, treated_share double, read_days integer, stay_days integer
)
"""

CAMPAIGNS = f"""
select declared.campaign_pattern, contacts.campaign, cast(min(contacts.occurred_at) as date) as campaign_date
from events.fct_contacts as contacts
inner join (select distinct campaign_pattern from {DECLARED}) as declared
    on contacts.campaign like declared.campaign_pattern
where contacts.superseded_on is null
group by declared.campaign_pattern, contacts.campaign
order by campaign_date, contacts.campaign, declared.campaign_pattern
"""

# Who could be drawn: consent to the declared purpose, and written to lately on a declared channel. Both as visible
# at 00:00 of the day: brands keep people out for good, and who is never written to must not pass for control.
REACHABLE = f"""
with held as (
    select record_no, customer_id from identity.customer_map
    where valid_from <= $day and (valid_to is null or $day < valid_to)
),
words as (
    select held.customer_id, consents.purpose, consents.granted,
        row_number() over (
            partition by held.customer_id, consents.purpose
            order by consents.occurred_at desc, consents.known_at desc,
                case when consents.granted then 1 else 0 end
        ) as word_rank
    from events.fct_consents as consents
    inner join held on consents.record_no = held.record_no
    where consents.visible_on <= $day
),
written as (
    select held.customer_id, contacts.channel, max(contacts.occurred_at) as last_at
    from events.fct_contacts as contacts
    inner join held on contacts.record_no = held.record_no
    where contacts.visible_on <= $day and contacts.occurred_at < $day
        and (contacts.superseded_on is null or $day < contacts.superseded_on)
    group by held.customer_id, contacts.channel
),
reachable as (
    select written.customer_id, declared.channel, declared.treated_share, declared.read_days, declared.stay_days,
        row_number() over (partition by written.customer_id order by written.last_at desc, written.channel) as place
    from written
    inner join {DECLARED} as declared
        on written.channel = declared.channel and ($pattern is null or declared.campaign_pattern = $pattern)
    inner join words
        on written.customer_id = words.customer_id and words.purpose = declared.purpose
    where words.word_rank = 1 and words.granted
        and written.last_at >= cast($day as timestamp) - to_days(declared.written_within_days)
)
"""

DRAWN = f"""
insert into units
{REACHABLE},
sent as (
    select distinct held.customer_id
    from events.fct_contacts as contacts
    inner join held on contacts.record_no = held.record_no
    where contacts.campaign = $campaign and contacts.superseded_on is null
)
select 'campaign', $pattern, $campaign, $day, reachable.channel, reachable.customer_id,
    sent.customer_id is not null, true, false, reachable.treated_share, reachable.read_days, reachable.stay_days
from reachable
left join sent on reachable.customer_id = sent.customer_id
where reachable.place = 1
"""

# A person enters once per audience and quarter, on the first day that every check on the person was passed. Who has
# stood in both groups, or holds records that did, tells nothing about either.
EXPORTED = f"""
insert into units
with logged as (
    select log.audience, log.as_of_date, log.channel, log.customer_id, log."group", people.customer_no
    from read_parquet($logs, union_by_name = true) as log
    inner join identity.customer_map as held
        on log.customer_id = held.customer_id and held.valid_from <= log.as_of_date
        and (held.valid_to is null or log.as_of_date < held.valid_to)
    inner join identity.int_identity__customers_now as people on held.record_no = people.record_no
    where log.is_eligible and log."group" in ('treatment', 'holdout') and log.as_of_date <= $day
),
torn as (
    select logged.audience, logged.customer_no from logged
    group by logged.audience, logged.customer_no having count(distinct logged."group") > 1
    union
    select terms.audience, people.customer_no
    from mixed
    inner join terms on mixed.purpose = terms.purpose
    inner join identity.int_identity__customers_now as people on mixed.customer_id = people.customer_id
),
entering as (
    select logged.*, torn.customer_no is not null as is_mixed,
        row_number() over (
            partition by logged.audience, date_trunc('quarter', logged.as_of_date), logged.customer_no
            order by logged.as_of_date, logged.customer_id, logged.channel
        ) as place
    from logged
    left join torn on logged.audience = torn.audience and logged.customer_no = torn.customer_no
)
select 'audience', entering.audience,
    concat(entering.audience, ' ', year(entering.as_of_date), 'Q', quarter(entering.as_of_date)),
    entering.as_of_date, coalesce(entering.channel, 'any'), entering.customer_id, entering."group" = 'treatment', false,
    entering.is_mixed,
    1 - coalesce(terms.holdout_share, $holdout_share), coalesce(days.read_days, $read_days),
    coalesce(days.stay_days, $stay_days)
from entering
left join terms on entering.audience = terms.audience
left join (
    select channel, max(read_days) as read_days, max(stay_days) as stay_days from {DECLARED} group by channel
) as days on entering.channel = days.channel
where entering.place = 1
"""

PEOPLE = """
create temp table unit_people as
select distinct units.campaign_date, units.customer_id, people.customer_no
from (select distinct campaign_date, customer_id from units) as units
inner join identity.customer_map as held
    on units.customer_id = held.customer_id
    and held.valid_from <= units.campaign_date
    and (held.valid_to is null or units.campaign_date < held.valid_to)
inner join identity.int_identity__customers_now as people on held.record_no = people.record_no
"""

OUTCOMES = """
create temp table contacts as
with spans as (
    select distinct campaign_date, customer_id, read_days, stay_days from units
),
bought as (
    select spans.campaign_date, spans.customer_id, spans.read_days, spans.stay_days,
        min(date_diff('day', spans.campaign_date, cast(orders.occurred_at as date))) as first_after,
        sum(case when orders.occurred_at < spans.campaign_date + spans.read_days then orders.amount end) as amount
    from spans
    inner join unit_people as people using (campaign_date, customer_id)
    inner join identity.int_identity__customers_now as records on people.customer_no = records.customer_no
    inner join events.fct_orders as orders on records.record_no = orders.record_no
    where orders.superseded_on is null and orders.status = 'completed'
        and orders.occurred_at >= spans.campaign_date
        and orders.occurred_at < spans.campaign_date + greatest(spans.read_days, spans.stay_days)
    group by spans.campaign_date, spans.customer_id, spans.read_days, spans.stay_days
),
refusing as (
    select distinct spans.campaign_date, spans.customer_id, spans.read_days, spans.stay_days
    from spans
    inner join unit_people as people using (campaign_date, customer_id)
    inner join identity.int_identity__customers_now as records on people.customer_no = records.customer_no
    inner join events.fct_contacts as contacts on records.record_no = contacts.record_no
    where contacts.superseded_on is null and contacts.outcome in ('unsubscribed', 'complained')
        and contacts.occurred_at >= spans.campaign_date
        and contacts.occurred_at < spans.campaign_date + spans.read_days
),
persons as (
    select people.campaign_date, people.customer_id,
        min(records.customer_id) as person, min(people.customer_no) as person_no,
        max(case when refusals.customer_no is null then 0 else 1 end) as refused_profiling
    from unit_people as people
    inner join identity.int_identity__customers_now as records on people.customer_no = records.customer_no
    left join events.int_customer__refusals as refusals on people.customer_no = refusals.customer_no
    group by people.campaign_date, people.customer_id
)
select units.*, persons.person, persons.person_no,
    units.campaign_date + units.read_days <= $until as is_read,
    units.campaign_date + units.stay_days <= $until as is_stay_read,
    coalesce(bought.first_after < units.read_days, false) as purchase,
    coalesce(bought.first_after >= units.stay_days, true) as churn,
    refusing.customer_id is not null as refusal,
    cast(coalesce(bought.amount, 0) as double) as amount
from units
inner join persons using (campaign_date, customer_id)
left join bought using (campaign_date, customer_id, read_days, stay_days)
left join refusing using (campaign_date, customer_id, read_days, stay_days)
where persons.refused_profiling = 0
order by units.campaign_date, units.campaign, units.customer_id
"""

# Whom a channel may reach on the run's day by the same rule, and whom by consent where only exports were randomised.
ELIGIBLE = f"""
{REACHABLE}
select reachable.customer_id, reachable.channel from reachable where reachable.place = 1
union
select words.customer_id, words.purpose as channel from words
where words.word_rank = 1 and words.granted
    and words.purpose not in (select channel from {DECLARED})
"""

SCORED_FEATURES = """
select features.* from features.customer_features as features
left join events.int_customer__refusals as refusals using (customer_id)
where features.as_of_date = $day and refusals.customer_id is null
order by features.customer_id
"""

_CLOSED = """contacts.channel = $channel and contacts.is_read and not contacts.is_mixed
    and cast('0x' || substr(md5('randomised contacts|' || contacts.person), 1, 8) as bigint) < $limit"""

CLOSED = f"""
select * from contacts where {_CLOSED}
order by contacts.campaign_date, contacts.campaign, contacts.customer_id
"""

# Features of the newest cut-off at or before the day: nothing in them is later than the campaign.
LEARNING = f"""
with cutoffs as (
    select days.campaign_date, max(known.as_of_date) as as_of_date
    from (select distinct campaign_date from contacts) as days
    inner join (select distinct as_of_date from features.customer_features) as known
        on known.as_of_date <= days.campaign_date
    group by days.campaign_date
)
select contacts.origin, contacts.pattern, contacts.campaign, contacts.campaign_date, contacts.person,
    contacts.is_treated, contacts.is_redrawn, contacts.treated_share, contacts.read_days, contacts.stay_days,
    contacts.is_read, contacts.is_stay_read, contacts.purchase, contacts.churn, contacts.refusal, features.*
from contacts
inner join cutoffs using (campaign_date)
inner join features.customer_features as features
    on contacts.customer_id = features.customer_id and cutoffs.as_of_date = features.as_of_date
where {_CLOSED}
order by contacts.campaign_date, contacts.campaign, contacts.customer_id
"""
