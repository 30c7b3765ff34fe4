"""Lists of stolen passwords, and one password for everybody: an address is stopped, and the owner comes in all the same."""
import imaplib

from attacker import DOMAIN, HOST, PASSWORD, Caller


def imap(place, name, password):
    client = imaplib.IMAP4_SSL(HOST, place.ports['imaps'], ssl_context=place.tls(), timeout=60)
    try:
        client.login(name, password)
        return 'in'
    except imaplib.IMAP4.error as error:
        return 'limit' if 'LIMIT' in str(error) or 'UNAVAILABLE' in str(error) else 'wrong'
    finally:
        client.shutdown()


def test_an_address_is_stopped_and_the_owner_is_not(walled):
    """The owner came from here before; the others did not: the right password of theirs is not even looked at."""
    owner, other = f'owner@{DOMAIN}', f'other@{DOMAIN}'
    assert imap(walled, owner, PASSWORD) == 'in'
    caller, codes = Caller(walled), []
    for i in range(14):  # one password for everybody, over one protocol
        codes.append(caller.call('session.start', {'address': f'person{i}@{DOMAIN}', 'password': 'Winter2026!!'}).code)
    assert codes[0] == 'password' and codes[-1] == 'throttled'
    # The limit is of the address, whatever the protocol; what is right is refused as what is wrong.
    answers = {caller.call('session.start', {'address': other, 'password': password}).code for password in (PASSWORD, 'wrong')}
    assert answers == {'throttled'}
    assert imap(walled, other, PASSWORD) != 'in'
    for operation, args in (('user.passwd', {'old': PASSWORD, 'new': 'zaun-trichter-quelle'}), ('user.app_password.add', {'password': PASSWORD}),
                            ('user.reset', {'recovery_code': 'AAAA-AAAA', 'new': 'zaun-trichter-quelle'})):
        assert caller.call(operation, {'address': other, **args}).code in ('throttled', 'recovery_code')
    # Nobody is locked out by that: who came from here before comes in, over every protocol.
    for _ in range(5):
        assert imap(walled, owner, 'wrong') == 'wrong'
    assert imap(walled, owner, PASSWORD) == 'in'
    assert caller.call('session.start', {'address': owner, 'password': PASSWORD}).status == 200
