"""What the demo brand is like: every number of the simulation, and why it has this size.

The brand sells running and outdoor goods from Britain, online, in shops and on a marketplace. Rates
are per day unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

DEMO_AS_OF_DATE = date(2026, 7, 1)
"""The landing zone ends here, so this is the natural day to run on."""

DEMO_SETTINGS = {"timezone": "UTC", "default_country": "GB", "currency": "GBP"}
"""Settings the demo brand wants: half of its phone numbers carry no country code."""


@dataclass(frozen=True)
class DemoParameters:
    """The hidden behaviour and the visible mess of the demo brand."""

    # --- how people come -------------------------------------------------------------------------
    burn_in_days: int = 365
    """Simulated but not delivered: a brand's history never starts with all customers new."""
    founding_share: float = 0.25
    """People already there when the burn-in starts."""
    joins_with_order: float = 0.86
    """Most people become known by buying; the others register first."""

    # --- how often they buy ----------------------------------------------------------------------
    intents_per_year: float = 7.0
    """Mean of the gamma-distributed rate of wanting something; about half end in an order."""
    intent_shape: float = 0.6
    """Below 1 the many buy rarely and the few often, as in Ehrenberg's NBD; CDNOW fits 0.55."""
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
    guest_at_till: float = 0.15
    """Till orders without a card belong to nobody: they count in no label, here nor in Kith."""

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
    """Late, broken or wrong deliveries; industry surveys say 3 to 10 per cent."""
    failure_hurts: float = 0.75
    grieved_leaves_factor: float = 6.0
    """A hurt customer's hazard of leaving while the grief lasts."""
    grieved_recovers: float = 1 / 50
    complains: float = 0.55
    """The other half leaves without a word."""
    cancelled: float = 0.025
    returned: tuple[float, float] = (1.2, 12.0)
    """Beta parameters of a person's share of returned orders: mean 9 per cent, unequal."""

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
    unsubscribes: tuple[float, float] = (0.0025, 0.03)
    """Per message: everybody, and the annoyed."""
    email_consent: float = 0.68
    profiling_refused: float = 0.035

    # --- what people say to each other -----------------------------------------------------------
    sharers: float = 0.75
    """Of the people with the app or a social account; a few of them do most (gamma shape below).
    The past count of shares alone then reaches an AUC of 0.87 on all customers; on Taobao's
    public share log it reaches 0.84."""
    share_shape: float = 0.65
    shares_per_year: float = 2.4
    share_after_order_factor: float = 5.0
    share_converts: tuple[float, float] = (1.2, 18.0)
    """Beta parameters of the chance that a share brings somebody new: mean 6 per cent."""
    referred_stays_factor: float = 1.35
    """Referred customers stay longer (Schmitt, Skiera and Van den Bulte 2011 found 18 % more)."""

    # --- what they look at -----------------------------------------------------------------------
    visits_per_year: float = 9.0
    visit_while_wanting: float = 0.7
    watch_share: float = 0.12
    """People with the brand's running watch, which reports a weekly distance."""
    staff_share: float = 0.006

    # --- what the data look like -----------------------------------------------------------------
    household_share: float = 0.12
    """People who live with another customer and share address, landline and perhaps e-mail."""
    nickname: float = 0.10
    typo: float = 0.07
    swapped_names: float = 0.02
    missing_field: float = 0.10
    family_email: float = 0.35
    """Of the people in shared households, per record."""
    second_email: float = 0.18
    junk_value: float = 0.012
    """test@test.com, 0000000000, 1900-01-01: typed in by people and by shop staff in a hurry."""
    country_code: float = 0.5
    moves: float = 0.06
    """Records whose address or e-mail changes later: a second version of the profile."""
    repeated_delivery: float = 0.02
    bad_rows: float = 0.003
    """Share of the rows of one CSV file per entity; far below the limit at which a run stops."""
