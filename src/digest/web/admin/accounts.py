"""Who may use the desk: passwords, log in with its brake, sessions, the second factor."""

import hashlib
import hmac
import secrets
import struct
import threading
from base64 import b32encode
from datetime import timedelta

from digest.app import App
from digest.audience.consent import cut_ip
from digest.errors import NotIn, TooMany, WrongState
from digest.store import admins
from digest.store.admins import Admin

ROLES = ("editor", "owner")  #: each may do all that the one before may
LASTS = timedelta(hours=12)  #: a session, whatever is done in it
_SHORTEST, _LONGEST = 10, 200  #: characters of a password
_STEP = 30  #: seconds a code of the second factor holds
#: At most two at once: each takes 32 MB and a tenth of a second.
_ONE_BY_ONE = threading.BoundedSemaphore(2)
_NOBODY = "00" * 16 + "$" + "00" * 32


def create_admin(app: App, name: str, role: str, password: str, *, reset: bool = False) -> None:
    """Add an admin, or with `reset` give one a new password and role; all their sessions end."""
    name = name.strip()
    if role not in ROLES:
        raise WrongState(f"{role!r} is not one of {', '.join(ROLES)}")
    if not 0 < len(name) <= 60 or not name.isprintable():
        raise WrongState("a name has 1 to 60 characters")
    hashed = hash_password(password)
    with app.database.transaction() as tx:
        if reset:
            admins.change(tx, name, password=hashed, role=role, totp="")
        else:
            admins.add(tx, name, role, hashed, app.now())


def change_password(app: App, admin: Admin, old: str, new: str) -> None:
    """Give oneself another password; every session ends. WrongState when the old one is wrong."""
    if not is_password(old, admin.password):
        raise WrongState("the present password is wrong")
    hashed = hash_password(new)
    with app.database.transaction() as tx:
        admins.change(tx, admin.name, password=hashed)


def hash_password(password: str) -> str:
    """Return salt and scrypt hash; WrongState for one that is too short."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise WrongState(f"a password has {_SHORTEST} to {_LONGEST} characters")
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_scrypt(password, salt).hex()}"


def is_password(password: str, kept: str) -> bool:
    """Say whether it is the password, in a time that tells nothing."""
    salt, _, hashed = kept.partition("$")
    found = _scrypt(password[:_LONGEST], bytes.fromhex(salt))
    return hmac.compare_digest(found, bytes.fromhex(hashed))


def _scrypt(password: str, salt: bytes) -> bytes:
    with _ONE_BY_ONE:
        return hashlib.scrypt(
            password.encode("utf-8", "surrogatepass"),
            salt=salt,
            n=1 << 15,
            r=8,
            p=1,
            maxmem=64 << 20,
            dklen=32,
        )


def log_in(app: App, name: str, password: str, code: str, ip: str) -> str:
    """Return the cookie of a new session; NotIn when something is wrong, TooMany to wait.

    A guess is counted before it is tried. Nobody is locked out for good: the wait for one name
    grows to a minute, for a name from one network or for a network to a quarter of an hour.
    """
    keys = _count(app, name.strip(), ip)
    with app.database.reading() as tx:
        admin = admins.named(tx, name.strip())
    right = is_password(password, admin.password if admin else _NOBODY)
    if admin is None or not right:
        raise NotIn
    if admin.totp and not _takes_code(app, admin, code):
        raise NotIn
    token = secrets.token_urlsafe(32)
    with app.database.transaction() as tx:
        now = app.now()
        admins.forget_guesses(tx, keys)
        admins.begin_session(tx, _kept(token), admin.id, now, now + LASTS)
        admins.note(tx, admin.name, "logged in", "", now)
    return token


def _count(app: App, name: str, ip: str) -> list[str]:
    network, wide = cut_ip(ip, 64), cut_ip(ip)
    short, long = timedelta(minutes=1), timedelta(minutes=15)
    brakes = [(f"{name} {network}", 5, long), (network, 20, long), (name, 15, short)]
    brakes += [(wide, 100, long)] if wide != network else []  # who has a /48 has 65,536 of /64
    keys = [hmac.digest(app.keys.addresses, what.encode(), "sha256").hex() for what, *_ in brakes]
    with app.database.transaction() as tx:
        for key, (_, free, most) in zip(keys, brakes, strict=True):
            if not admins.may_guess(tx, key, free, most, app.now()):
                raise TooMany
    return keys


def session_of(app: App, token: str) -> Admin | None:
    """Return who is logged in with a cookie."""
    if not token:
        return None
    with app.database.reading() as tx:
        return admins.of_session(tx, _kept(token), app.now())


def log_out(app: App, token: str) -> None:
    """End a session."""
    with app.database.transaction() as tx:
        admins.end_session(tx, _kept(token))


def form_token(app: App, token: str) -> str:
    """Return the word every form of a session carries."""
    return hmac.digest(app.keys.addresses, f"form {token}".encode(), "sha256").hex()[:32]


def _kept(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def totp_secret(app: App, admin: Admin, salt: str) -> bytes:
    """Return the secret of a second factor: the database alone does not tell it."""
    return hmac.digest(app.keys.addresses, f"totp {admin.name} {salt}".encode(), "sha1")


def totp_word(secret: bytes) -> str:
    """Return a secret as an authenticator takes it."""
    return b32encode(secret).decode()


def totp(secret: bytes, step: int) -> str:
    """Return the code of a time step (RFC 6238, SHA-1, six digits)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    place = mac[-1] & 15
    (number,) = struct.unpack(">I", mac[place : place + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def set_totp(app: App, admin: Admin, salt: str, code: str) -> None:
    """Ask for a code at each log in from now on, or with an empty salt no more."""
    if salt and _step_of(app, admin, salt, code) is None:
        raise WrongState("that code is wrong; is the clock of your device right?")
    with app.database.transaction() as tx:
        admins.change(tx, admin.name, totp=salt, totp_step=0)


def _takes_code(app: App, admin: Admin, code: str) -> bool:
    step = _step_of(app, admin, admin.totp, code)
    if step is None:
        return False
    with app.database.transaction() as tx:
        return admins.use_code(tx, admin.id, step)


def _step_of(app: App, admin: Admin, salt: str, code: str) -> int | None:
    """Return the time step a code is of: now, the one before or the one after."""
    secret, now = totp_secret(app, admin, salt), int(app.now().timestamp()) // _STEP
    given = code.replace(" ", "")
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(totp(secret, step).encode(), given.encode()):
            return step
    return None
