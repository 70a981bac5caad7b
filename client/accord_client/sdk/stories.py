"""Stories of credentials for clients."""

from __future__ import annotations

from accord_client.sdk.questions import Questions
from accord_client.story.model import Story
from accord_client.story.telling import tell


class Stories(Questions):
    """What :class:`accord_client.sdk.AccordClient` tells."""

    async def story(self, batch_id: bytes, index: int) -> Story:
        """The whole story of a credential, from the approval of its programme on.

        Every step is a record of the log with its place and block, its signatures verified, or a proved
        value of the state; what could not be proved is named in ``Story.unproved``, and nothing of it told.

        Raises:
            NotFoundError: ``BATCH_UNKNOWN`` or ``OBJECT_UNKNOWN``: there is no such credential.
            ForkError: two ledgers under one pin.
            NodeError, StaleError, ProofError: the credential itself could not be read.
        """
        return await tell(self, batch_id, index)
