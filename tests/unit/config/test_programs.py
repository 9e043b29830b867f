"""The processes that follow from the settings."""

from config import load_settings
from config.programs import doors, programs


def test_every_service_is_a_process_and_each_further_worker_too() -> None:
    settings = load_settings({"SOMA_HOME": "/nowhere", "SOMA_CHAT_WORKERS": "2"})
    found = programs(settings)
    names = [program.name for program in found]
    assert names == ["database", "memory", "cognitive", "governor", "control", "chat", "chat-2", "edge"]
    assert {program.module for program in found if program.service == "chat"} == {"servers.chat"}
    assert found[-1].module == "edge"
    assert found[-1].address == settings.page_url
    assert [program.address for program in found if program.service == "chat"] == list(
        settings.endpoint("chat").targets
    )
    assert [door.name for door in doors(settings)] == names


def test_the_one_process_shape_is_the_database_and_one_process() -> None:
    settings = load_settings({"SOMA_HOME": "/nowhere", "SOMA_AAAS_MODE": "true"})
    assert [program.module for program in programs(settings)] == ["soma_common.postgres.embedded", "servers"]
