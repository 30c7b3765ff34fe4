"""Mailboxes of others in one sign-in of JMAP: two persons, one shared mailbox, IMAP beside it."""
import contextlib
import email.message
import email.policy
import json
import os
import sys
import time

import pytest

import documents
from conftest import TOP, end_site, make_site
from jmap_client import BLOB, CORE, MAIL, Events, Jmap
from mail import letter, mark

sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
from api import Api  # noqa: E402

FIRST, OWN = 'korb-laterne-moos-winkel', 'wolke-tisch-anker-sieben'
SUBMISSION = 'urn:ietf:params:jmap:submission'
DELEGATION = 'urn:letterlock:jmap:delegation'
PATIENCE = 60


@pytest.fixture(scope='module')
def site():
    made = make_site(options={'auth.failure_delay': '100ms', 'limits.logins_per_minute': '0', 'mail.trash': '1s'})
    yield made
    end_site(made)


def api(site, token=None):
    return Api(site.ports['management'], site.tls(), token)


def person(site, name):
    address = f'{name}-{mark()[:8]}@demo.test'
    site.instance.cli('user', 'add', address, '--stdin', stdin=FIRST + '\n')
    api(site).call('user.passwd', address=address, old=FIRST, new=OWN)
    return {'address': address, 'password': OWN}


def of(site, user):
    return api(site).sign_in(user['address'], user['password'])


class Mine(Jmap):
    """Calls for any account of the session."""

    def accounts(self):
        return self.session()['accounts']

    def id_of(self, address):
        return next((id_ for id_, one in self.accounts().items() if one['name'] == address), None)

    def many(self, *calls, **more):
        return self.calls(*calls, using=(CORE, MAIL, BLOB, SUBMISSION), **more)

    def one(self, name, account, **args):
        return self.many([name, {'accountId': account, **args}, '0'])[0]

    def get(self, name, account, **args):
        answer = self.one(name, account, **args)
        assert answer[0] == name, answer
        return answer[1]

    def mailbox(self, account, role):
        return next(box['id'] for box in self.get('Mailbox/get', account)['list'] if box['role'] == role)


def wait_for(look, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, 'it does not happen'
        time.sleep(0.1)


@pytest.fixture(scope='module')
def people(site):
    """The shared mailbox, who works in it with all rights, and who only looks."""
    support, bea, carl = (person(site, name) for name in ('support', 'bea', 'carl'))
    owner = of(site, support)
    owner.call('delegate.add', delegate=bea['address'], role='partner')
    owner.call('delegate.add', delegate=carl['address'], role='reader')
    return support, bea, carl


@pytest.fixture(scope='module')
def bea(site, people):
    return Mine(site, people[1])


@pytest.fixture(scope='module')
def carl(site, people):
    return Mine(site, people[2])


@pytest.fixture(scope='module')
def shared(people, bea):
    return bea.id_of(people[0]['address'])


def put(site, user, subject, box='INBOX', extra=''):
    with site.imap(user) as client:
        status, answer = client.append(f'"{box}"', None, None, letter('x@outside.test', user['address'], subject, extra=extra))
        assert status == 'OK', answer


def find(person_, account, subject):
    return person_.get('Email/query', account, filter={'subject': subject})['ids']


def test_the_session_lists_what_was_given(people, bea, carl, shared):
    support, own, _ = people
    accounts = bea.accounts()
    mine = accounts[bea.id_of(own['address'])]
    assert mine['isPersonal'] and not mine['isReadOnly']
    other = accounts[shared]
    assert other['name'] == support['address'] and not other['isPersonal'] and not other['isReadOnly']
    assert set(other['accountCapabilities'][DELEGATION]['rights']) >= {'mail.view', 'mail.send', 'mail.delete'}
    assert 'urn:ietf:params:jmap:sieve' not in other['accountCapabilities']
    assert SUBMISSION in other['accountCapabilities']
    read_only = carl.accounts()[carl.id_of(support['address'])]
    assert read_only['isReadOnly'] and SUBMISSION not in read_only['accountCapabilities']
    assert set(bea.session()['primaryAccounts'].values()) == {bea.id_of(own['address'])}


def test_one_request_speaks_to_both_accounts_and_imap_sees_it(site, people, bea, shared):
    support, own, _ = people
    subject, mine = mark(), bea.id_of(own['address'])
    put(site, support, subject)
    answers = bea.many(['Mailbox/get', {'accountId': mine, 'ids': None}, 'a'], ['Email/query', {'accountId': shared, 'filter': {'subject': subject}}, 'b'],
                       ['Email/get', {'accountId': shared, '#ids': {'resultOf': 'b', 'name': 'Email/query', 'path': '/ids'}, 'properties': ['subject']}, 'c'])
    assert [one[2] for one in answers] == ['a', 'b', 'c']
    assert answers[1][1]['accountId'] == shared and answers[2][1]['list'][0]['subject'] == subject
    id_ = answers[1][1]['ids'][0]
    changed = bea.get('Email/set', shared, update={id_: {'keywords/$flagged': True}})
    assert id_ in changed['updated'], changed
    with site.imap(support) as client:
        client.select('INBOX')
        assert client.search(None, 'FLAGGED', 'SUBJECT', subject)[1][0]


def test_created_ids_go_along_and_come_back(bea, shared):
    answer = bea.api({'using': [CORE, MAIL], 'createdIds': {}, 'methodCalls': [
        ['Mailbox/set', {'accountId': shared, 'create': {'box': {'name': mark()}}}, 'a'],
        ['Mailbox/get', {'accountId': shared, 'ids': ['#box']}, 'b'], ['Mailbox/set', {'accountId': shared, 'destroy': ['#box']}, 'c']]})[1]
    made = answer['createdIds']['box']
    assert answer['methodResponses'][2][1]['destroyed'] == [made]


def test_who_may_only_look_changes_nothing(site, people, carl):
    support, subject = people[0], mark()
    shared = carl.id_of(support['address'])
    put(site, support, subject)
    (id_,) = find(carl, shared, subject)
    refused = carl.get('Email/set', shared, update={id_: {'keywords/$seen': True}})['notUpdated'][id_]
    assert refused['type'] in ('forbidden', 'accountReadOnly')
    assert carl.get('Email/set', shared, destroy=[id_])['notDestroyed'][id_]['type'] == 'forbidden'


def test_an_account_of_nobody_is_not_found(people, bea):
    assert bea.one('Mailbox/get', 'A' + '0' * 32)[1]['type'] == 'accountNotFound'
    assert bea.one('Mailbox/get', 'nonsense')[1]['type'] == 'accountNotFound'
    assert bea.ask('GET', f'/jmap/download/A{"0" * 32}/B{"0" * 32}/x')[0] == 404


def test_address_books_are_their_owners_alone(bea, shared):
    contacts = 'urn:ietf:params:jmap:contacts'
    assert contacts not in bea.accounts()[shared]['accountCapabilities']
    for name in ('AddressBook/get', 'ContactCard/get', 'ContactCard/query'):
        answer = bea.calls([name, {'accountId': shared}, '0'], using=(CORE, contacts))[0]
        assert (answer[0], answer[1]['type']) == ('error', 'accountNotSupportedByMethod')


def test_a_delegate_leaves_nothing_in_the_owners_letters_and_preferences(bea, shared):
    preferences, submission = 'urn:letterlock:jmap:preferences', 'urn:ietf:params:jmap:submission'
    assert preferences not in bea.accounts()[shared]['accountCapabilities']
    using = (CORE, preferences, submission)
    for name, more in (('Preferences/get', {}), ('Preferences/set', {'update': {'singleton': {'images': 'always'}}})):
        assert bea.calls([name, {'accountId': shared, **more}, '0'], using=using)[0][1]['type'] == 'accountNotSupportedByMethod'
    identity = bea.calls(['Identity/get', {'accountId': shared, 'ids': None}, '0'], using=using)[0][1]['list'][0]
    blind = {identity['id']: {'bcc': [{'name': None, 'email': 'later@outside.test'}]}}
    assert bea.calls(['Identity/set', {'accountId': shared, 'update': blind}, '0'], using=using)[0][1]['type'] == 'forbidden'


def test_a_letter_moves_from_one_mailbox_to_the_other_and_back(site, people, bea, shared):
    support, own, _ = people
    subject, mine = mark(), bea.id_of(own['address'])
    put(site, support, subject, extra='X-Long: ' + 'y' * 50 + '\r\n')
    (id_,) = find(bea, shared, subject)
    bea.get('Email/set', shared, update={id_: {'keywords/$flagged': True}})
    inbox, theirs = bea.mailbox(mine, 'inbox'), bea.mailbox(shared, 'inbox')
    copied, destroyed = bea.many(['Email/copy', {'accountId': mine, 'fromAccountId': shared, 'create': {
        'k': {'id': id_, 'mailboxIds': {inbox: True}}, 'none': {'id': 'M' + '0' * 32, 'mailboxIds': {inbox: True}}},
        'onSuccessDestroyOriginal': True}, '0'])
    assert copied[1]['notCreated']['none']['type'] == 'notFound', copied
    new = copied[1]['created']['k']['id']
    assert destroyed[0] == 'Email/set' and destroyed[1]['destroyed'] == [id_] and destroyed[1]['accountId'] == shared
    assert find(bea, shared, subject) == [] and find(bea, mine, subject) == [new]
    assert bea.get('Email/get', mine, ids=[new])['list'][0]['keywords'] == {'$flagged': True}
    back = bea.many(['Email/copy', {'accountId': shared, 'fromAccountId': mine, 'create': {'k': {'id': new, 'mailboxIds': {theirs: True}}},
                                    'onSuccessDestroyOriginal': True}, '0'])
    assert back[0][1]['created']['k'], back
    assert find(bea, mine, subject) == [] and len(find(bea, shared, subject)) == 1
    assert bea.one('Email/copy', mine, fromAccountId='A' + '0' * 32, create={'k': {'id': new, 'mailboxIds': {inbox: True}}})[1]['type'] == 'fromAccountNotFound'


def test_blobs_have_their_account(site, people, bea, shared):
    support, own, _ = people
    subject, mine, data = mark(), bea.id_of(own['address']), os.urandom(700000)
    status, _, body = bea.ask('POST', f'/jmap/upload/{shared}/', data, {'Content-Type': 'image/png'})
    assert status in (200, 201), body
    blob = json.loads(body)['blobId']
    assert bea.ask('GET', f'/jmap/download/{shared}/{blob}/x?accept=image/png')[2] == data
    assert bea.ask('GET', f'/jmap/download/{mine}/{blob}/x')[0] == 404
    copied = bea.get('Blob/copy', mine, fromAccountId=shared, blobIds=[blob, 'Unone'])
    assert set(copied['notCopied']) == {'Unone'}
    assert bea.ask('GET', f'/jmap/download/{mine}/{copied["copied"][blob]}/x')[2] == data
    put(site, support, subject)
    (id_,) = find(bea, shared, subject)
    status, _, page = bea.ask('GET', f'/jmap/view/{shared}/{id_}')
    assert status == 200 and b'<' in page
    assert bea.ask('GET', f'/jmap/view/{mine}/{id_}')[0] == 404


def changed_types(events, account, wanted):
    """Waits for an event that says that the type changed in the account."""
    while True:
        event = events.next()
        assert event is not None, 'the event source ended'
        if event[0] == 'state' and wanted in event[1]['changed'].get(account, {}):
            return event[1]['changed'][account]


def test_changes_of_all_accounts_are_told(site, people, bea, shared):
    support, own, _ = people
    mine = bea.id_of(own['address'])
    bea.get('Mailbox/get', shared)
    with contextlib.closing(Events(bea, 'types=Email,Mailbox&closeafter=no&ping=0')) as events:
        assert events.status == 200
        bea.get('Mailbox/get', shared)
        subject = mark()
        put(site, support, subject)
        assert 'Email' in changed_types(events, shared, 'Email')
        put(site, own, mark())
        assert 'Email' in changed_types(events, mine, 'Email')


def send(person_, account, subject, to, address):
    """A letter written in the account and sent from there."""
    drafts, sent = person_.mailbox(account, 'drafts'), person_.mailbox(account, 'sent')
    identity = next(one for one in person_.get('Identity/get', account)['list'] if one['email'] == address)
    return person_.many(
        ['Email/set', {'accountId': account, 'create': {'l': {'mailboxIds': {drafts: True}, 'keywords': {'$draft': True}, 'subject': subject,
                                                             'from': [{'email': address}], 'to': [{'email': to}],
                                                             'bodyValues': {'t': {'value': 'Hello.\n'}}, 'textBody': [{'partId': 't', 'type': 'text/plain'}]}}}, 'a'],
        ['EmailSubmission/set', {'accountId': account, 'create': {'s': {'emailId': '#l', 'identityId': identity['id']}}, 'onSuccessUpdateEmail': {
            '#s': {'mailboxIds': {sent: True}, 'keywords/$draft': None}}}, 'b'])


def test_a_letter_for_the_mailbox_names_who_sent_it(site, people, bea, carl, shared):
    support, own, _ = people
    subject = mark()
    answers = send(bea, shared, subject, own['address'], support['address'])
    assert [one[0] for one in answers] == ['Email/set', 'EmailSubmission/set', 'Email/set'], answers
    assert answers[1][1]['created']['s'], answers
    mine = bea.id_of(own['address'])
    (got,) = wait_for(lambda: find(bea, mine, subject))
    email = bea.get('Email/get', mine, ids=[got], properties=['from', 'sender'])['list'][0]
    assert email['from'][0]['email'] == support['address'] and email['sender'][0]['email'] == own['address']
    assert len(find(bea, shared, subject)) == 1  # the copy is in the shared mailbox
    sent = bea.mailbox(shared, 'sent')
    assert bea.get('Email/query', shared, filter={'subject': subject, 'inMailbox': sent})['ids']
    assert carl.one('Identity/get', carl.id_of(support['address']))[1].get('list', []) == []


def test_who_may_not_delete_replaces_and_sends_the_own_drafts(site, people, bea):
    """Role delegate: drafts with the delegate in Sender, and no others."""
    support, own, _ = people
    team = person(site, 'dora')
    of(site, team).call('delegate.add', delegate=own['address'], role='delegate', days=1)
    account = wait_for(lambda: bea.id_of(team['address']))
    drafts, sent = bea.mailbox(account, 'drafts'), bea.mailbox(account, 'sent')
    identity = next(one['id'] for one in bea.get('Identity/get', account)['list'] if one['email'] == team['address'])

    def draft(subject, by=own):
        return {'mailboxIds': {drafts: True}, 'keywords': {'$draft': True}, 'subject': subject, 'from': [{'email': team['address']}], 'to': [{'email': support['address']}],
                **({'sender': [{'email': by['address']}]} if by else {}), 'bodyValues': {'t': {'value': 'Hello.\n'}}, 'textBody': [{'partId': 't', 'type': 'text/plain'}]}

    def places(letter):
        found = bea.get('Email/get', account, ids=[letter], properties=['mailboxIds', 'keywords'])['list']
        return (list(found[0]['mailboxIds']), found[0]['keywords']) if found else None

    first = bea.get('Email/set', account, create={'a': draft('one')})['created']['a']['id']
    answer = bea.get('Email/set', account, create={'a': draft('two')}, destroy=[first])
    assert answer['destroyed'] == [first] and answer['created']['a']
    subject = mark()
    put(site, team, subject, box='Drafts')
    (others,) = wait_for(lambda: find(bea, account, subject))
    unsigned = bea.get('Email/set', account, create={'a': draft('three', by=None)})['created']['a']['id']
    for letter_ in (others, unsigned):
        assert bea.get('Email/set', account, destroy=[letter_])['notDestroyed'][letter_]['type'] == 'forbidden'
        assert bea.get('Email/set', account, update={letter_: {'mailboxIds': {sent: True}}})['notUpdated'][letter_]['type'] == 'forbidden'

    def leave(hold):
        answers = bea.many(
            ['Email/set', {'accountId': account, 'create': {'l': draft(mark())}}, 'a'],
            ['EmailSubmission/set', {'accountId': account, 'create': {'s': {'emailId': '#l', 'identityId': identity, 'envelope': {
                'mailFrom': {'email': team['address'], 'parameters': {'HOLDFOR': str(hold)}}, 'rcptTo': [{'email': support['address'], 'parameters': None}]}}},
                'onSuccessUpdateEmail': {'#s': {'keywords/$draft': None, 'keywords/$scheduled': True}}}, 'b'])
        return answers[0][1]['created']['l']['id'], answers[1][1]['created']['s']['id']

    letter_, submission = leave(3600)
    assert places(letter_) == ([drafts], {'$scheduled': True})
    assert submission in bea.get('EmailSubmission/set', account, update={submission: {'undoStatus': 'canceled'}})['updated']
    bea.get('Email/set', account, update={letter_: {'keywords/$draft': True, 'keywords/$scheduled': None}})
    assert places(letter_) == ([drafts], {'$draft': True})
    assert bea.get('Email/set', account, destroy=[letter_])['destroyed'] == [letter_]
    letter_, _ = leave(2)
    wait_for(lambda: places(letter_) == ([sent], {}))
    assert bea.get('Email/set', account, destroy=[letter_])['notDestroyed'][letter_]['type'] == 'forbidden'
    assert bea.get('Email/set', account, update={letter_: {'mailboxIds': {drafts: True}}})['notUpdated'][letter_]['type'] == 'forbidden'


def test_the_owner_sees_who_was_there(site, people, bea, shared):
    support, own, _ = people
    bea.get('Mailbox/get', shared)
    session = of(site, support)
    wait_for(lambda: {'access.opened', 'access.sent'} <= {one['event'] for one in session.call('access.list', address=support['address'])['records']
                                                          if own['address'] in json.dumps(one)})


def test_what_is_withdrawn_ends_at_once(site, people, bea):
    support, own, _ = people
    team = person(site, 'team')
    owner = of(site, team)
    owner.call('delegate.add', delegate=own['address'], role='delegate', days=1)
    id_ = wait_for(lambda: bea.id_of(team['address']))
    assert bea.accounts()[id_]['accountCapabilities'][DELEGATION]['until']
    bea.get('Mailbox/get', id_)
    before = bea.session()['state']
    with contextlib.closing(Events(bea, 'types=*&closeafter=no&ping=0')) as events:
        bea.get('Mailbox/get', id_)
        owner.call('delegate.remove', address=team['address'], delegate=own['address'])
        changed_types(events, id_, 'Mailbox')
        assert wait_for(lambda: bea.one('Mailbox/get', id_)[0] == 'error')
        assert bea.one('Mailbox/get', id_)[1]['type'] == 'accountNotFound'
        assert bea.id_of(team['address']) is None and bea.session()['state'] != before
        put(site, own, mark())
        changed_types(events, bea.id_of(own['address']), 'Email')


# ---- what was deleted and can be had back ----

RECOVERABLE = 'urn:letterlock:jmap:recoverable'


def recover(person_, name, account, **args):
    return person_.calls([name, {'accountId': account, **args}, '0'], using=(CORE, MAIL, RECOVERABLE))[0]


def binned(person_, account, text):
    answer = person_.calls(['RecoverableEmail/query', {'accountId': account, 'filter': {'text': text}}, 'a'],
                           ['RecoverableEmail/get', {'accountId': account, '#ids': {'resultOf': 'a', 'name': 'RecoverableEmail/query', 'path': '/ids'}}, 'b'],
                           using=(CORE, MAIL, RECOVERABLE))
    assert answer[1][0] == 'RecoverableEmail/get', answer
    return answer[1][1]['list']


def expunge(site, user, subject, box='INBOX'):
    """By a mail program, as other people's programs do it."""
    with site.imap(user) as client:
        client.select(f'"{box}"')
        uids = client.uid('SEARCH', 'SUBJECT', subject)[1][0].decode().replace(' ', ',')
        assert uids
        client.uid('STORE', uids, '+FLAGS', r'(\Flagged \Deleted)')
        client.expunge()


def test_what_a_program_expunged_comes_back_as_it_was(site, people):
    own = person(site, 'dora')
    dora = Mine(site, own)
    account, subject = dora.id_of(own['address']), mark()
    with site.imap(own) as client:
        client.create('Keep')
    put(site, own, subject, 'Keep')
    (id_,) = find(dora, account, subject)
    expunge(site, own, subject, 'Keep')
    assert find(dora, account, subject) == []
    assert binned(dora, account, 'nothing of the kind') == []
    (one,) = binned(dora, account, subject.upper())
    assert one['subject'] == subject and one['emailId'] == id_ and one['keywords'] == {'$flagged': True} and one['expiresAt'] > one['deletedAt']
    assert recover(dora, 'RecoverableEmail/set', account, update={one['id']: {'mailboxId': 'Fnone'}})[1]['notUpdated'][one['id']]['type'] == 'invalidProperties'
    done = recover(dora, 'RecoverableEmail/set', account, update={one['id']: {'mailboxId': None}})[1]
    assert done['updated'][one['id']] == {'mailboxId': one['mailboxId']}, done
    assert find(dora, account, subject) == [id_] and binned(dora, account, subject) == []
    assert dora.get('Email/get', account, ids=[id_])['list'][0]['keywords'] == {'$flagged': True}
    with site.imap(own) as client:
        client.select('Keep')
        assert client.fetch('1', '(BODY[TEXT])')[1][0][1].strip()
    expunge(site, own, subject, 'Keep')
    (one,) = binned(dora, account, subject)
    assert recover(dora, 'RecoverableEmail/set', account, destroy=[one['id']])[1]['destroyed'] == [one['id']]
    assert binned(dora, account, subject) == []
    assert recover(dora, 'RecoverableEmail/set', account, update={one['id']: {'mailboxId': None}})[1]['notUpdated'][one['id']]['type'] == 'notFound'


def test_a_shared_mailbox_gives_back_to_who_may_delete(site, people, bea, carl, shared):
    support, subject = people[0], mark()
    put(site, support, subject)
    expunge(site, support, subject)
    (one,) = binned(bea, shared, subject)
    refused = recover(carl, 'RecoverableEmail/query', carl.id_of(support['address']), filter={'text': subject})
    assert refused[0] == 'error' and refused[1]['type'] == 'forbidden', refused
    assert recover(bea, 'RecoverableEmail/set', shared, update={one['id']: {'mailboxId': None}})[1]['updated']
    assert len(find(bea, shared, subject)) == 1


def test_the_trash_empties_itself_into_the_bin(site, people):
    own = person(site, 'emil')
    emil, subject = Mine(site, own), mark()
    account = emil.id_of(own['address'])
    put(site, own, subject)
    (id_,) = find(emil, account, subject)
    emil.get('Email/set', account, update={id_: {'mailboxIds': {emil.mailbox(account, 'trash'): True}}})
    (one,) = wait_for(lambda: emil.get('Email/query', account, filter={'subject': subject})['ids'] == [] and binned(emil, account, subject))
    recover(emil, 'RecoverableEmail/set', account, update={one['id']: {'mailboxId': None}})
    assert emil.get('Email/query', account, filter={'subject': subject, 'inMailbox': emil.mailbox(account, 'inbox')})['ids'] == [id_]


# ---- previews ----

def with_document(site, user, person_, account):
    """(part, whole letter): blobs of a letter with a PDF in the mailbox."""
    subject = mark()
    message = email.message.EmailMessage()
    message['From'], message['To'], message['Subject'] = 'x@outside.test', user['address'], subject
    message.set_content('see there')
    message.add_attachment(documents.pdf([documents.square('1 0 0')]), maintype='application', subtype='pdf', filename='a.pdf')
    with site.imap(user) as client:
        assert client.append('INBOX', None, None, message.as_bytes(policy=email.policy.SMTP))[0] == 'OK'
    id_ = wait_for(lambda: find(person_, account, subject))[0]
    found = person_.get('Email/get', account, ids=[id_], properties=['attachments', 'blobId'])['list'][0]
    return found['attachments'][0]['blobId'], found['blobId']


def preview(person_, account, blob, query):
    def look():
        status, _, body = person_.ask('GET', f'/jmap/preview/{account}/{blob}?{query}')
        return (status, body) if status != 503 and b'"busy"' not in body else None
    return wait_for(look, 120)


def test_who_may_read_a_mailbox_may_look_at_its_attachments(site, people, bea, carl, shared):
    part, _ = with_document(site, people[0], bea, shared)
    for who in (bea, carl):
        status, body = preview(who, shared, part, 'info=1')
        assert status == 200 and json.loads(body)['status'] == 'ok' and json.loads(body)['pages'] == 1, (status, body)
        # Who may not download sees pages that say who looks, and no byte.
        assert json.loads(body)['marked'] == (who is carl)
        assert who.ask('GET', f'/jmap/download/{shared}/{part}/a.pdf')[0] == (403 if who is carl else 200)
        assert who.accounts()[shared]['accountCapabilities']['urn:letterlock:jmap:preview']['viewOnly'] == (who is carl)
        status, body = preview(who, shared, part, 'page=1&width=100')
        red, green, blue = documents.read_png(body)[2](50, 74)
        assert status == 200 and (who is carl or (red, green, blue) == (255, 0, 0))
    stranger = Mine(site, person(site, 'strange'))
    for account in (shared, stranger.account):
        assert preview(stranger, account, part, 'page=1')[0] == 404
    # In the own mailbox there is no such thing.
    assert preview(bea, bea.id_of(people[1]['address']), part, 'page=1')[0] == 404
