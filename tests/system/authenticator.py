"""A software authenticator (WebAuthn, as a browser passes it on) and a program that shows one-time digits, for the system tests."""
import base64
import hashlib
import json
import os
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'tools', 'demo'))
from api import totp  # noqa: E402,F401  the digits: totp(secret, step=…)

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40
ES256, EDDSA, RS256 = -7, -8, -257


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def cbor(value):
    """The few kinds of items that an authenticator sends (CTAP2 canonical)."""
    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        return bytes([major << 5 | 24, n]) if n < 256 else bytes([major << 5 | 25]) + struct.pack('>H', n)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    return head(5, len(value)) + b''.join(cbor(k) + cbor(v) for k, v in value.items())


class Authenticator:
    """One key. `register` and `sign` take what the server gave and make what it wants back; origin: the page that asks."""

    def __init__(self, algorithm=ES256, verified=True):
        self.algorithm, self.verified = algorithm, verified
        self.id, self.counter, self.prf_secret = os.urandom(32), 0, os.urandom(32)
        make = {ES256: lambda: ec.generate_private_key(ec.SECP256R1()), EDDSA: ed25519.Ed25519PrivateKey.generate,
                RS256: lambda: rsa.generate_private_key(65537, 2048)}
        self.key = make[algorithm]()

    def cose_key(self):
        public = self.key.public_key()
        if self.algorithm == ES256:
            n = public.public_numbers()
            return cbor({1: 2, 3: ES256, -1: 1, -2: n.x.to_bytes(32, 'big'), -3: n.y.to_bytes(32, 'big')})
        if self.algorithm == EDDSA:
            return cbor({1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes(Encoding.Raw, PublicFormat.Raw)})
        n = public.public_numbers()
        return cbor({1: 3, 3: RS256, -1: n.n.to_bytes(256, 'big'), -2: n.e.to_bytes(3, 'big')})

    def signature(self, data):
        if self.algorithm == ES256:
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == EDDSA:
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def data(self, rp_id, more=b'', flags=0):
        self.counter += 1
        flags |= USER_PRESENT | (USER_VERIFIED if self.verified else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + struct.pack('>I', self.counter) + more

    @staticmethod
    def client_data(kind, challenge, origin):
        return json.dumps({'type': kind, 'challenge': challenge, 'origin': origin, 'crossOrigin': False}).encode()

    def prf(self, salt):
        """What the PRF extension gives for the salt of the server."""
        return b64(hashlib.sha256(self.prf_secret + unb64(salt)).digest())

    def register(self, begun, origin, with_prf=False):
        """Arguments of factor.webauthn.confirm for the answer of factor.webauthn.begin."""
        attested = bytes(16) + struct.pack('>H', len(self.id)) + self.id + self.cose_key()
        made = {'client_data': b64(self.client_data('webauthn.create', begun['challenge'], origin)),
                'attestation': b64(cbor({'fmt': 'none', 'attStmt': {}, 'authData': self.data(begun['rp_id'], attested, ATTESTED)}))}
        if with_prf:
            made['prf'] = self.prf(begun['prf_salt'])
        return made

    def sign(self, challenge, origin, with_prf=False):
        """A proof for the challenge object that session.start, session.step_up or session.passkey.begin gave."""
        client = self.client_data('webauthn.get', challenge['challenge'], origin)
        data = self.data(challenge['rp_id'])
        proof = {'kind': 'webauthn', 'credential': b64(self.id), 'client_data': b64(client), 'authenticator_data': b64(data),
                 'signature': b64(self.signature(data + hashlib.sha256(client).digest()))}
        if with_prf:
            proof['prf'] = self.prf(challenge['prf_salt'])
        return proof
