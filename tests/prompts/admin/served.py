"""A gateway that echoes, with people of every kind, for a browser to visit."""

from __future__ import annotations

from tests.browsing import PASSWORD
from tests.serving import Serving

EDITOR, PUBLISHER, SECOND, MANAGER = "eve", "pia", "pat", "max"
"""Two of them may publish."""
PEOPLE = """
from django.contrib.auth.models import Group, User
from llm.models import Membership, Organisation
for name, group in {people}.items():
    user = User.objects.create_user(name, password={password!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    Membership.objects.bulk_create(Membership(user=user, organisation=one) for one in Organisation.objects.all())
"""


def furnish(served: Serving) -> None:
    served.manage("bootstrap")
    people = {
        EDITOR: "prompt editor",
        PUBLISHER: "prompt publisher",
        SECOND: "prompt publisher",
        MANAGER: "manager",
    }
    served.manage("shell", "-v0", "-c", PEOPLE.format(people=people, password=PASSWORD))
    served.start()
