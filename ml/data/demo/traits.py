"""What each person is like, for good: rates, loyalty, reactions, and the islands they live on."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ml.data.demo.catalogue import CATEGORIES
from ml.data.demo.parameters import DemoParameters

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SOURCES = ("web", "app", "till", "loyalty", "marketplace", "social", "service")
SHOPS = ("web", "app", "till", "marketplace")
CONSENT_SOURCES = ("web", "app", "loyalty")
"""Islands that ask for consents, and so those from which messages are sent."""
INDIFFERENT, PERSUADABLE, ANNOYED = range(3)


@dataclass
class Traits:
    """Arrays over people (first axis n); ``shop_weights`` is n x shops, ``member`` n x sources."""

    wishes: Floats
    fresh_factor: Floats
    fresh_days: Floats
    leaving_scale: Floats
    message_chance: Floats
    unsubscribes: Floats
    persuasion: Ints
    shares: Floats
    share_converts: Floats
    visits: Floats
    returned: Floats
    guest: Floats
    favourite: Ints
    hour: Floats
    price_level: Floats
    basket: Floats
    coupon: Floats
    is_reachable: Flags
    is_holdout: Flags
    has_watch: Flags
    is_staff: Flags
    is_partner: Flags
    member: Flags
    shop_weights: Floats

    def first(self, count: int) -> Traits:
        """The first ``count`` people, as views."""
        return Traits(*(getattr(self, field.name)[:count] for field in fields(self)))

    def brings_in(self, people: Ints) -> Ints:
        """The island in which each of them brings friends, who join there.

        The app has links that know who follows them; who does not use it shares on a social channel.
        """
        social, app = SOURCES.index("social"), SOURCES.index("app")
        return np.where(self.member[people, app], app, social)

    def spread(self, people: slice) -> Traits:
        """Some people with three more axes, to meet stages, phases and reaches."""
        chosen = {f.name: getattr(self, f.name)[people] for f in fields(self)}
        return Traits(
            **{
                name: value.reshape(-1, 1, 1, 1) if value.ndim == 1 else value
                for name, value in chosen.items()
            }
        )


def draw_traits(count: int, p: DemoParameters, rng: np.random.Generator) -> Traits:
    """Draw ``count`` people."""
    wishes = rng.gamma(p.intent_shape, p.intents_per_year / p.intent_shape, count) / 365
    sated = rng.random(count) < p.sated_share
    persuasion = rng.choice(
        [PERSUADABLE, ANNOYED, INDIFFERENT],
        count,
        p=[p.persuadable_share, p.annoyed_share, 1 - p.persuadable_share - p.annoyed_share],
    )
    is_staff = _staff(count, p, rng)
    member, shop_weights = _islands(count, is_staff, p, rng)
    is_holdout = rng.random(count) < p.holdout_share
    can_share = member[:, SOURCES.index("app")] | member[:, SOURCES.index("social")]
    shares = np.where(
        can_share & (rng.random(count) < p.sharers),
        rng.gamma(p.share_shape, p.shares_per_year / p.share_shape, count) / 365,
        0.0,
    )
    is_partner = (shares > 0) & (rng.random(count) < p.partner_share)
    shares[is_partner] *= p.partner_shares_factor
    # Good customers are written to more often: what a marketer sees stands in for the hidden rate.
    rank = np.argsort(np.argsort(wishes * rng.lognormal(0, 0.5, count))) / max(count - 1, 1)
    low, high = p.message_chance
    has_address = member[:, [SOURCES.index(s) for s in CONSENT_SOURCES]].any(axis=1)
    consents = has_address & (rng.random(count) < p.consents["email"])
    return Traits(
        wishes=wishes,
        fresh_factor=np.where(
            sated, rng.uniform(*p.sated_factor, count), rng.uniform(*p.burst_factor, count)
        ),
        fresh_days=rng.uniform(*p.fresh_days, count),
        leaving_scale=p.leaving_scale_days * rng.lognormal(0, p.leaving_scale_spread, count),
        message_chance=low + (high - low) * rank,
        unsubscribes=np.where(persuasion == ANNOYED, p.unsubscribes[1], p.unsubscribes[0]),
        persuasion=persuasion,
        shares=shares,
        share_converts=rng.beta(*p.share_converts_beta, count),
        visits=rng.gamma(p.visits_shape, p.visits_per_year / p.visits_shape, count) / 365,
        returned=rng.beta(*p.returned_beta, count),
        guest=shop_weights[:, SHOPS.index("till")] * p.guest_at_till,
        favourite=rng.choice(len(CATEGORIES), count, p=[c.share for c in CATEGORIES]),
        hour=np.clip(rng.normal(16.5, 3.5, count), 7, 22.5),
        price_level=rng.normal(0, 1, count),
        basket=rng.gamma(p.basket_shape, p.basket_more_lines / p.basket_shape, count),
        coupon=rng.beta(*p.coupon_beta, count),
        is_reachable=consents & ~is_holdout,
        is_holdout=is_holdout,
        has_watch=member[:, SOURCES.index("app")]
        & (rng.random(count) < p.watch_share / p.membership["app"]),
        is_staff=is_staff,
        is_partner=is_partner,
        member=member,
        shop_weights=shop_weights,
    )


def _islands(
    count: int, is_staff: Flags, p: DemoParameters, rng: np.random.Generator
) -> tuple[Flags, Floats]:
    """Memberships, and how a person's orders divide over the shops (rows sum to one)."""
    member = np.column_stack([rng.random(count) < p.membership[s] for s in SOURCES])
    member[is_staff, SOURCES.index("till")] = True
    columns = [SOURCES.index(shop) for shop in SHOPS]
    homeless = ~member[:, columns].any(axis=1)
    member[homeless, SOURCES.index("web")] = True
    weights = rng.gamma(0.7, 1.0, (count, len(SHOPS))) + 0.02
    weights *= member[:, columns]
    return member, weights / weights.sum(axis=1, keepdims=True)


def _staff(count: int, p: DemoParameters, rng: np.random.Generator) -> Flags:
    staff = np.zeros(count, dtype=bool)
    wanted = max(1, round(count * p.staff_share))
    # People join in the order of their number: staff are among those of the first half.
    staff[rng.choice(max(wanted, count // 2), wanted, replace=False)] = True
    return staff
