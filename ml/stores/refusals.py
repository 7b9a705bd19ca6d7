"""Why an object store did not do what it was asked, in words for people.

A store's own words are never repeated, only its code: they may hold a key, a signed address, or the name of an account.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from ml.errors import KithError
from ml.stores.place import ObjectPrefix

# The object is not what was seen: changed, or changed at the same moment, or gone.
LOST = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey", "404"}
MISSING = {"NoSuchKey", "404"}
CREDENTIALS = (
    "Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from the profile that AWS_PROFILE names, or "
    "from the machine's role"
)
RIGHTS = "Rights that are needed: docs/object_stores.md"


def code_of(error: BaseException) -> str:
    """The code that a store answered with, such as `NoSuchKey`; empty where it was no answer."""
    for one in (error, error.__cause__):
        answer = getattr(one, "response", None)
        if isinstance(answer, dict):
            return str(answer.get("Error", {}).get("Code", ""))
    return ""


def changed(place: ObjectPrefix) -> KithError:
    """The stop for an object that somebody replaced while it was read."""
    return KithError(
        f"{place} changed while it was being read. Nothing of it was taken; run again when the export has ended."
    )


def told(error: Exception, doing: str, place: ObjectPrefix) -> KithError:
    """The stop for an error of a store; one that is told already stays as it is.

    Args:
        error: what the library raised.
        doing: a verb, for "may not … s3://bucket/prefix".
        place: what was asked for.
    """
    if isinstance(error, KithError):
        return error
    code, kind, store = code_of(error), type(error).__name__, _endpoint()
    its_name = store[:1].upper() + store[1:]
    if kind == "FileExpired" or code in ("PreconditionFailed", "412"):
        return changed(place)
    if code == "NoSuchBucket":
        return KithError(
            f"The bucket {place.bucket} of {place} does not exist at {store}. Mend the name, create the bucket, or "
            "name the store that holds it in AWS_ENDPOINT_URL."
        )
    if isinstance(error, FileNotFoundError):
        return KithError(
            f"{place} is gone: it was there when the place was listed. Run again when the export has ended."
        )
    if isinstance(error, PermissionError):
        return KithError(
            f"{its_name} does not let Kith {doing} {place} ({code or kind}). {CREDENTIALS}. {RIGHTS}."
        )
    if "Credential" in kind or kind in ("ProfileNotFound", "TokenRetrievalError"):
        return KithError(f"No usable credentials for {place} were found ({kind}). {CREDENTIALS}.")
    if not code:
        return KithError(
            f"{its_name} cannot be reached to {doing} {place} ({kind}). Look at AWS_ENDPOINT_URL, AWS_DEFAULT_REGION "
            "and the network, and run again."
        )
    if code in ("NotImplemented", "501"):
        return KithError(
            f"{its_name} knows no conditional writes ({code}), so {place} cannot change in one step there. Use a "
            "store that does; docs/object_stores.md names what is needed."
        )
    return KithError(
        f"{its_name} refused to {doing} {place} ({code}). {RIGHTS}. If they are given, ask who "
        "runs the store what this code means there."
    )


def _endpoint() -> str:
    """Which store is asked, without the name and password that an address may hold."""
    url = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    host = urlsplit(url).netloc.rpartition("@")[2]
    return f"the object store at {host}" if host else "AWS S3"
