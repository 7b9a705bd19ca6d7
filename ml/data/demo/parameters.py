"""What the demo brand is like: every number of its people's behaviour, and why it has this size.

The brand sells running and outdoor goods from Britain, online, in shops and on a marketplace. Rates
are per day unless the name says otherwise. `docs/demo_brand.md` tells the story and says for each
number where it is from. What is on the shelves stands in `catalogue`, names in `names`, and how
carelessly each island's forms are filled in in `corruption`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

DEMO_AS_OF_DATE = date(2026, 7, 1)
"""The landing zone ends here, so this is the natural day to run on."""

DEMO_SETTINGS = {"timezone": "UTC", "default_country": "GB", "currency": "GBP"}
"""Settings the demo brand wants: half of its phone numbers carry no country code."""


def _membership() -> dict[str, float]:
    return {
        "web": 0.62,
        "app": 0.36,
        "till": 0.42,
        "loyalty": 0.40,
        "marketplace": 0.22,
        "social": 0.33,
        "service": 0.0,
    }


def _consents() -> dict[str, float]:
    return {
        "profiling": 0.965,
        "email": 0.68,
        "sms": 0.30,
        "push": 0.40,
        "ad_user_data": 0.50,
        "ad_personalization": 0.35,
    }


@dataclass(frozen=True)
class DemoParameters:
    """The hidden behaviour and the visible mess of the demo brand.

    ``*_by_stage`` are factors for people who are content, grieved, fading and gone, in this order.
    Pairs named ``..._beta`` are the two parameters of a beta distribution over people.
    """

    # --- how people come -------------------------------------------------------------------------
    burn_in_days: int = 365
    """Simulated but not delivered: a brand's history never starts with all customers new."""
    founding_share: float = 0.25
    """People already there when the burn-in starts."""
    joins_with_order: float = 0.86
    """Most people become known by buying; the others register first."""
    membership: dict[str, float] = field(default_factory=_membership)
    """Share of people with a record in each island; the service desk's come from complaints."""

    # --- how often they buy ----------------------------------------------------------------------
    intents_per_year: float = 7.0
    """Mean of the gamma-distributed rate of wanting something; about half end in an order."""
    intent_shape: float = 0.5
    """Below 1 the many buy rarely and the few often, as in Ehrenberg's NBD; CDNOW fits 0.55."""
    wish_by_stage: tuple[float, ...] = (1.0, 0.75, 0.25, 0.0)
    buy_while_wanting: float = 0.30
    """Chance per day that a wish becomes an order ..."""
    lose_interest: float = 0.25
    """... or dissolves, which leaves browsing and carts without an order."""
    sated_share: float = 0.6
    """People who rest after an order (replenishment); the others buy in bursts (clumpiness)."""
    sated_factor: tuple[float, float] = (0.15, 0.6)
    burst_factor: tuple[float, float] = (1.2, 2.5)
    fresh_days: tuple[float, float] = (10.0, 40.0)
    """How long the last order is felt, in days (mean of a geometric time)."""
    guest_at_till: float = 0.35
    """Till orders without a card belong to nobody: they count in no label, here nor in Kith."""
    basket_shape: float = 1.5
    basket_more_lines: float = 1.05
    """Mean number of further lines in an order; some people fill baskets, others fetch one thing."""
    coupon_beta: tuple[float, float] = (0.8, 3.0)
    """Share of a person's orders with a coupon in a week with a message; half of it otherwise."""

    # --- how they leave --------------------------------------------------------------------------
    leaving_shape: float = 0.55
    """Weibull below 1: newcomers leave most, the proven stay (Fader and Hardie's lesson)."""
    leaving_scale_days: float = 240.0
    leaving_scale_spread: float = 1.5
    """Spread of log scale: loyalty differs between people by more than a factor of four."""
    fading_to_gone: float = 1 / 35
    """People fade for about a month before they are gone: less browsing first, then silence."""
    fading_recovers: float = 1 / 110
    gone_returns: float = 1 / 1100
    """Few who left come back by themselves."""

    # --- what service does -----------------------------------------------------------------------
    failure_per_order: float = 0.055
    """Late, broken or wrong deliveries."""
    failure_hurts: float = 0.75
    grieved_leaves_factor: float = 6.0
    """A hurt customer's hazard of leaving while the grief lasts."""
    grieved_recovers: float = 1 / 50
    complains: float = 0.55
    """The other half leaves without a word."""
    cancelled: float = 0.025
    returned_beta: tuple[float, float] = (1.2, 7.4)
    """A person's share of returned orders: mean 14 per cent, unequal."""

    # --- what messages do ------------------------------------------------------------------------
    campaign_weekday: int = 1
    """One campaign each Tuesday (Monday = 0); its effect ends with the next."""
    pilot_every: int = 4
    """Every fourth campaign is drawn by a coin for everybody reachable: the randomised part."""
    pilot_chance: float = 0.5
    message_chance: tuple[float, float] = (0.15, 0.6)
    """Other campaigns prefer good customers, so their plain comparison flatters the message."""
    holdout_share: float = 0.10
    """Drawn by lot once, never written to."""
    persuadable_share: float = 0.22
    persuadable_factor: float = 2.2
    annoyed_share: float = 0.13
    annoyed_factor: float = 0.85
    annoyed_leaves_factor: float = 3.5
    opens: tuple[float, float, float] = (0.30, 0.42, 0.22)
    """Share of messages opened by the indifferent, the persuadable and the annoyed."""
    opens_by_stage: tuple[float, ...] = (1.0, 1.0, 0.6, 0.25)
    clicks_of_opened: float = 0.10
    unsubscribes: tuple[float, float] = (0.0015, 0.012)
    """Per message: everybody, and the annoyed."""
    unsubscribes_complaining: float = 0.06
    """Of those who unsubscribe, by pressing the button for spam."""
    consents: dict[str, float] = field(default_factory=_consents)
    """Share of people who say yes when first asked."""
    consent_changes: float = 0.02
    """Of the answers on purposes other than e-mail (there, unsubscribing is the change of mind)."""

    # --- what people say to each other -----------------------------------------------------------
    sharers: float = 0.75
    """Of the people with the app or a social account; a few of them do most (gamma shape below)."""
    share_shape: float = 0.65
    shares_per_year: float = 2.4
    share_by_stage: tuple[float, ...] = (1.0, 0.4, 0.3, 0.02)
    share_after_order_factor: float = 5.0
    share_converts_beta: tuple[float, float] = (1.2, 18.0)
    """Chance that a share brings somebody new: mean 6 per cent."""
    referred_stays_factor: float = 1.35
    """Referred customers stay longer."""
    share_to_customer: float = 0.30
    share_to_outsider: float = 0.30
    """Of the shares that bring nobody: to one who is a customer already, to one who never will be;
    the others are links that nobody opens."""
    friend_opens: tuple[float, float] = (0.4, 0.8)
    """Of the shares to customers and to outsiders."""
    partner_share: float = 0.003
    partner_shares_factor: float = 12.0
    """Trainers and club captains with an agreement: they share for a living."""

    # --- what they look at -----------------------------------------------------------------------
    visits_per_year: float = 9.0
    visits_shape: float = 0.8
    visit_by_stage: tuple[float, ...] = (1.0, 0.8, 0.35, 0.03)
    visit_while_wanting: float = 0.7
    more_views: tuple[float, float] = (0.5, 1.0)
    searches: tuple[float, float] = (0.15, 0.35)
    carts: tuple[float, float] = (0.12, 0.45)
    """Per visit, without and with a wish behind it."""
    store_goes_on: tuple[tuple[float, float], ...] = (
        (0.75, 0.90),
        (0.60, 0.85),
        (0.80, 0.95),
        (0.30, 0.60),
        (0.25, 0.60),
    )
    """In a shop that knows the app's owner: from passing by to approaching, entering, dwelling,
    trying and bagging, without and with a wish behind it."""
    reviews: float = 0.04
    """Share of online orders that are reviewed."""
    watch_share: float = 0.12
    """People with the brand's running watch, which reports a weekly distance."""
    staff_share: float = 0.006

    # --- what the data look like -----------------------------------------------------------------
    household_share: float = 0.12
    """People who live with another customer and share address and perhaps e-mail and tablet."""
    shared_tablet: float = 0.35
    nickname: float = 0.10
    typo: float = 0.07
    swapped_names: float = 0.02
    missing_field: float = 0.10
    family_email: float = 0.35
    """Of the people in shared households, per record."""
    second_email: float = 0.18
    junk_value: float = 0.012
    """test@test.com, 0000000000, 1900-01-01: typed in by people and by shop staff in a hurry."""
    shop_phone: float = 0.02
    """Till records that hold the shop's own number: a value shared by far too many."""
    country_code: float = 0.5
    changed_profile: float = 0.06
    """Records that are filled in again later: a second version of the profile."""
    looked_into: float = 0.005
    """Pairs of records that the service desk decides on, per customer: as many same as different."""
    clerk_errs: float = 0.03
    """Of the pairs that a clerk calls the same person; half of these are found out later."""
    repeated_delivery: float = 0.02
    bad_rows: float = 0.003
    """Share of the rows of one CSV file per entity; far below the limit at which a run stops."""
    bad_optional_values: float = 0.002
    """Discounts and ratings that are no numbers: the row stays, the value is lost."""
