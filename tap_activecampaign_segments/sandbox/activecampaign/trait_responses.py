"""Applies the traits of an account to its responses."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from tap_activecampaign_segments.sandbox.responses import render_json

from .trait_answers import Answer
from .traits import TRAITS

if TYPE_CHECKING:
    from starlette.responses import Response

    from tap_activecampaign_segments.sandbox.api_request import ApiRequest

    from .trait_answers import TraitAccount


class TraitResponses:
    """Changes responses as the traits of an account demand."""

    def __init__(self, account: TraitAccount) -> None:
        """Create it for an account."""
        self._account = account
        self._received = Counter[str]()

    def apply(self, request: ApiRequest, response: Response) -> Response:
        """Return the response as it is where assumptions are otherwise."""
        found = [TRAITS[name].alter for name in sorted(self._account.otherwise)]
        alterations = [each for each in found if each]
        if not alterations:
            return response
        url = request.request.url
        answer = Answer(
            self._account,
            request.operation,
            url_path=url.path,
            path=request.path,
            query=request.request.query_params,
            repetitions=self._received[str(url)],
            status=response.status_code,
            content=json.loads(bytes(response.body)),
        )
        self._received[str(url)] += 1
        for alter in alterations:
            alter(answer)
        return render_json(answer.content, answer.status)
