import pytest

from attacker import PASSWORD, Place, system

TOP, end_site, make_site = system.TOP, system.end_site, system.make_site  # what tests/system, whose words are used here, looks for


@pytest.fixture(scope='session')
def place():
    """A seeded system with its staff, where failed tries cost little time and never close the door."""
    made = Place({'auth': {'failure_delay': '10ms', 'oauth': 'yes'}, 'limits': {'logins_per_minute': 0}})
    yield made
    made.end()


@pytest.fixture(scope='session')
def walled():
    """A small system with the limits of sign-ins as people have them, with three accounts."""
    made = Place({'auth': {'failure_delay': '100ms'}, 'limits': {'logins_per_minute': 10}}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    for local in ('owner', 'other', 'third'):
        made.add_user(local, PASSWORD)
    yield made
    made.end()
