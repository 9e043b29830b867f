"""Every parameter that the client library can send has its place here."""

from openai.types.chat.completion_create_params import CompletionCreateParamsBase

from edge.openai_parameters import HARMLESS, HEEDED, REFUSED


def test_every_parameter_of_the_client_library_is_heeded_harmless_or_refused() -> None:
    known = {*CompletionCreateParamsBase.__annotations__, "stream"}
    assert HEEDED | HARMLESS | set(REFUSED) == known
    assert len(HEEDED) + len(HARMLESS) + len(REFUSED) == len(known)
