"""What the brand sells: categories with their seasons, products with their prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.data.landing_writer import decimals


@dataclass(frozen=True)
class Category:
    """A category: its share of favourites, typical price in pence, and month factors."""

    name: str
    share: float
    price: int
    products: int
    nouns: tuple[str, ...]
    months: tuple[float, ...]


CATEGORIES = (
    Category(
        "shoes",
        0.24,
        7900,
        60,
        ("Trail Shoe", "Road Shoe", "Sandal", "Boot"),
        (0.9, 0.9, 1.1, 1.2, 1.2, 1.0, 0.9, 0.9, 1.1, 1.0, 1.0, 0.9),
    ),
    Category(
        "apparel",
        0.28,
        3800,
        120,
        ("Jacket", "Shirt", "Tights", "Vest", "Cap"),
        (0.8, 0.8, 1.0, 1.1, 1.0, 0.9, 0.8, 0.8, 1.1, 1.2, 1.3, 1.3),
    ),
    Category(
        "nutrition",
        0.16,
        1600,
        40,
        ("Gel Box", "Bar Box", "Drink Mix", "Protein"),
        (1.2, 1.1, 1.1, 1.1, 1.1, 1.0, 0.9, 0.9, 1.0, 0.9, 0.8, 0.7),
    ),
    Category(
        "camping",
        0.12,
        9500,
        50,
        ("Tent", "Stove", "Mat", "Sleeping Bag"),
        (0.4, 0.5, 0.8, 1.2, 1.6, 1.9, 1.8, 1.4, 0.8, 0.6, 0.6, 0.9),
    ),
    Category(
        "devices",
        0.09,
        15900,
        20,
        ("Watch", "Chest Strap", "Headlamp", "Scale"),
        (0.9, 0.8, 0.8, 0.9, 0.9, 0.9, 0.8, 0.8, 0.9, 1.0, 1.6, 1.8),
    ),
    Category(
        "gifts",
        0.11,
        2200,
        40,
        ("Mug", "Calendar", "Towel", "Socks"),
        (0.6, 0.7, 0.7, 0.7, 0.8, 0.9, 0.7, 0.7, 0.8, 1.1, 1.9, 2.9),
    ),
)
MAKERS = ("Fellgang", "Norrvik", "Harrow & Pike", "Kestrel", "Ortles", "Own Label")
COLOURS = ("Ash", "Moss", "Slate", "Coral", "Night", "Sand", "Ice", "Rust")
SALE_MONTH, SALE_DAYS, SALE_FACTOR = 11, (21, 30), 1.5


def season_by_day(first_day: date, days: int) -> npt.NDArray[np.float64]:
    """How much more or less is wanted, categories x days: months, late-November sale, weekends."""
    dates = [first_day + timedelta(days=day) for day in range(days)]
    months = np.array([d.month - 1 for d in dates])
    factors = np.array([category.months for category in CATEGORIES])[:, months]
    sale = [
        SALE_FACTOR if d.month == SALE_MONTH and SALE_DAYS[0] <= d.day <= SALE_DAYS[1] else 1.0
        for d in dates
    ]
    weekend = [1.15 if d.weekday() >= 5 else 0.94 for d in dates]
    seasons: npt.NDArray[np.float64] = factors * np.array(sale) * np.array(weekend)
    return seasons


@dataclass(frozen=True)
class Products:
    """All products, category after category; ``first`` is where each category begins."""

    product_id: npt.NDArray[np.str_]
    price: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    table: pa.Table


def draw_products(rng: np.random.Generator, start: date) -> Products:
    """Draw the catalogue; within a category products are ordered from cheap to dear."""
    sizes = np.array([category.products for category in CATEGORIES])
    names, categories, prices = [], [], []
    for category in CATEGORIES:
        drawn = np.sort(category.price * rng.lognormal(-0.15, 0.55, category.products))
        prices.append(np.maximum((drawn // 50 * 50 - 5).astype(np.int64), 295))
        nouns = rng.choice(category.nouns, category.products)
        colours = rng.choice(COLOURS, category.products)
        names += [f"{n} {c} {i + 1}" for i, (n, c) in enumerate(zip(nouns, colours, strict=True))]
        categories += [category.name] * category.products
    price = np.concatenate(prices)
    count = len(price)
    ids = np.array([f"SKU-{number:04d}" for number in rng.permutation(count) + 1000])
    launched = np.datetime64(start) - rng.integers(30, 1500, count).astype("timedelta64[D]")
    table = pa.table(
        {
            "product_id": pa.array(ids.tolist()),
            "name": pa.array(names),
            "category": pa.array(categories),
            "brand": pa.array(rng.choice(MAKERS, count).tolist()),
            "list_price": decimals(price, 2),
            "launched_at": pa.array(launched.astype("datetime64[D]")),
        }
    )
    return Products(ids, price, np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes, table)
