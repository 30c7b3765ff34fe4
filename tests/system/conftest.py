import os
import shutil
import sys
import tempfile

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from instance import UNLIMITED, Instance, free_port_base  # noqa: E402
from mail import Site  # noqa: E402
from seed import Seeder  # noqa: E402

PROGRAMS = os.environ.get('LETTERLOCK_PROGRAMS', os.path.join(TOP, 'build', 'release', 'src', 'cmd'))


def make_site(options=None, seed=True, programs=PROGRAMS):
    directory = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    # Tests choose short passwords with a meaning; the rules for them have tests of their own.
    instance = Instance(directory, free_port_base(), programs, options={'auth.password_policy': 'length', **UNLIMITED, **(options or {})})
    instance.setup()
    try:
        instance.start()
        seeder = Seeder(instance)
        made = Site(instance, seeder.run() if seed else [])
        made.staff = seeder.staff
        return made
    except BaseException:
        instance.stop()
        keep_log(instance)
        raise


def keep_log(instance):
    target = os.path.join(TOP, 'build', 'test-logs', os.path.basename(instance.directory))
    shutil.copytree(instance.path('log'), target, dirs_exist_ok=True)


def end_site(site):
    site.instance.stop()
    keep_log(site.instance)
    shutil.rmtree(site.instance.directory, ignore_errors=True)


@pytest.fixture(scope='session')
def site():
    """A seeded system that all tests share; they must leave other people's mail alone."""
    made = make_site()
    yield made
    end_site(made)


@pytest.fixture
def folder(tmp_path):
    return tmp_path
