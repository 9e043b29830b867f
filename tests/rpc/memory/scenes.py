"""What is asked of the database that no request asks surely, with rows to find for each statement of the house."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from servers.memory.indexing.entries import FORMAT
from tests.rpc.memory.attacks import Estate
from tests.rpc.memory.past import (
    BOTH,
    BUILT_IN,
    ELSEWHERE,
    ERASED,
    FORGOTTEN,
    FULL,
    GONE,
    LOGGED,
    LONG_AGO,
    NEW,
    NOW,
    OTHERS,
    PERSON,
    QUARANTINE,
    RUNNING,
    SPACE,
    TODAY,
    VECTOR,
    WALKED,
    held,
)
from tests.rpc.memory.replays import Asked, Scene
from tests.rpc.memory.twins import ONE, TWINS


class Script:
    """Scenes that no request comes by as it is, or none surely."""

    def __init__(self, texts: Mapping[str, str], estate: Estate) -> None:
        self._texts = texts
        self._memories = [UUID(it) for it in estate.ids["memories"]]
        self._consolidation = UUID(estate.ids["consolidations"][0])
        self._quarantine = UUID(estate.ids["quarantines"][0])
        self._sweep = UUID(estate.ids["sweeps"][0])
        self._conversation = UUID(estate.ids["conversations"][0])
        self.scenes: list[Scene] = []

    def _ask(self, place: str, *args: Any, before: str = "", is_worker: bool = False, about: str = "") -> None:
        place = f"servers.memory:sql/{place}"
        file, _, name = place.rpartition(":")
        asked = Asked(place, self._texts[place], args, is_worker)
        self.scenes.append(Scene(f"{file.rpartition('/')[2]}:{name}", [asked], before, about=about or place))

    def _call(self, text: str, *args: Any, before: str = "", about: str = "") -> None:
        self.scenes.append(Scene(text.split("(")[0], [Asked("", text, args)], before, about=about))

    def of_rows(self) -> None:
        """Storing, reading, transfer."""
        m = self._memories
        self._ask("storing.sql:holder", ONE, "shared", "1,2")
        self._ask("storing.sql:versions", ONE, m[7], 9)
        self._ask("storing.sql:predecessors", ONE, m[14], 9)
        self._ask("storing.sql:successors", ONE, m[13], 9)
        self._ask("storing.sql:sources", ONE, m[15], 9)
        self._ask("storing.sql:descendants", ONE, m[0], 9)
        self._ask("storing.sql:unindex", ONE, m[0])
        self._call("select count_writes($1, $2, $3, $4)", ONE, TODAY, 1, True)
        self._ask("links.sql:has_links", ONE, m[0], m[2], "")
        self._ask("queries.sql:find", m[4], before=f"delete from memories_to_index where tenant_id = '{ONE}'")
        self._ask("transfer.sql:readable", ONE, None)
        for start, end in ((5, 6), (12, 13)):
            self._ask("links.sql:links_around", ONE, [m[start]], [m[end]], [], None, NOW, 99, 99)
        self._ask("transfer.sql:exported", ONE, ["shared", "user:ada"], NOW, True)
        self._ask("transfer.sql:exported_links", ONE, ["shared", "user:ada", "user:bob"])
        self._ask("transfer.sql:forget_imports", ONE, NOW)
        self._ask("transfer.sql:imported", ONE, "ada", GONE, [GONE])
        self._ask("transfer.sql:stored_on", ONE, TODAY)
        self._ask("entries.sql:read_memories", ONE, "user:ada", None, FORMAT, 100)
        missing = [m[1]], ["user:ada"], [bytes([FORMAT])], [b""], [""]
        self._ask(
            "entries.sql:put_missing", ONE, *missing, before=f"delete from memory_entries where memory_id = '{m[1]}'"
        )
        self._ask("entries.sql:put_missing", ONE, *missing, before=f"delete from memories where tenant_id = '{ONE}'")
        logged = LOGGED.format(mine=f"'{m[1]}', '{m[5]}', '{m[21]}'", others=f"'{m[2]}', '{m[3]}', '{m[4]}'")
        for limit in (1, 100):
            self._ask("entries.sql:read_changes", ONE, ["user:ada"], [0], FORMAT, limit, before=logged)
        self._ask("sweeps.sql:purge", ONE, NOW, NOW, 100, before=FULL, about="note_changes")

    def of_triggers(self) -> None:
        """What changes rows of all tenants at once, and what comes back where others have its place."""
        m = self._memories
        counted = "update memories set access_count = access_count + 1 where memory_id = $1"
        for about in ("note_updated_memories", "index_updated_memories"):
            self._call(counted, m[0], about=about)
            self.scenes[-1].is_unbound = True
        told = "update memories set text = 'another' where memory_id = $1 and tenant_id = $2"
        for about in ("note_updated_memories", "index_updated_memories"):
            self._call(told, m[0], ONE, about=about)
        unsettled = f"update memories set hidden_by = 5 where tenant_id = '{ONE}' and memory_id = '{m[20]}';"
        settled = "select settle_quarantines($1, $2)"
        self._call(settled, ONE, [m[0]], before=unsettled, about="settle_quarantines")
        fewer = f"delete from memories where memory_id = '{m[20]}' and tenant_id <> '{ONE}'"
        both = [ONE, TWINS[0]], [NEW, m[20]], ONE, m[19]
        self._call(BOTH, *both, before=unsettled + fewer, about="join_quarantines")
        self.scenes[-1].is_unbound = True
        half = f"delete from memories where memory_id = '{m[16]}' and tenant_id = '{ONE}'"
        self._call(
            "delete from memories where tenant_id = $1 and memory_id = $2", ONE, m[15], before=half, about="leave_ghost"
        )
        deleted = "delete from memories where tenant_id = $1 and memory_id = $2"
        mine = f"where tenant_id = '{ONE}' and"
        for before in (
            f"delete from memory_origins {mine} origin_id = '{m[4]}'",
            f"update consolidation_sources set rested = false {mine} memory_id = '{m[4]}'",
            f"update consolidations set state = 4 {mine} consolidation_id = '{self._consolidation}'",
            f"update consolidations set end_time = '2020-01-01' {mine} consolidation_id = '{self._consolidation}'",
        ):
            self._call(deleted, ONE, m[0], before=before, about="unravel_facts")
        tea = "select memory_id from memories where text like '%tea%' and namespace = 'shared' and kind = 1"
        doubted = f"update consolidation_sources set rested = false {mine} memory_id in ({tea})"
        either = (
            f"delete from memories where tenant_id = $1 and memory_id = $2 or tenant_id = $3 and memory_id in ({tea})"
        )
        self._call(either, ONE, m[0], ONE, before=doubted, about="unravel_facts")
        self._call(either, ONE, m[0], TWINS[0], about="unravel_facts")
        self.scenes[-1].is_unbound = True
        guess = f"update memories set kind = 4 where memory_id = '{m[20]}'; update upkeep set due_time = '2100-01-01';"
        guess += f"insert into memory_origins select distinct tenant_id, '{m[0]}'::uuid, '{m[20]}'::uuid from memories"
        guess += " on conflict do nothing"
        self._call(deleted, ONE, m[0], before=guess, about="drop_hypotheses")
        orphan = f"update memory_ghosts set memory_id = '{NEW}' where tenant_id = '{ONE}';"
        orphan += f"insert into memory_origins select tenant_id, '{NEW}', '{m[10]}' from {OTHERS}"
        self._call(deleted, ONE, m[10], before=orphan, about="leave_ghost")
        lifted = f"update quarantines set end_time = now() where tenant_id = '{ONE}'"
        self._call("select has_quarantines($1)", ONE, before=lifted, about="has_quarantines")
        ended = (
            f"insert into quarantines select tenant_id, '{GONE}', null, null, 'x', '', '', now(), now() from {OTHERS}"
        )
        self._call("select lift_quarantine($1, $2, $3)", ONE, GONE, NOW, before=ended, about="lift_quarantine")
        others = f"update memory_entries set entry = entry || '\\x01' where tenant_id <> '{ONE}'"
        again = "update memory_entries set namespace = namespace where memory_id = $1"
        self._call(again, m[0], before=others, about="note_updated_entries")
        self.scenes[-1].is_unbound = True
        awake = "update memories set retire_time = null, retire_reason = null where tenant_id = $1 and memory_id = $2"
        for column in ("coordinate", "text_key"):
            rests = "update memories set retire_time = now(), retire_reason = 2"
            rests += f" where memory_id = '{m[9]}' and tenant_id = '{ONE}';"
            self._call(awake, ONE, m[9], before=held(column, m) + rests, about="hold_place")

    def of_vectors(self) -> None:
        """The index in the database, and who follows."""
        m = self._memories
        self._ask("vectors.sql:put", ONE, SPACE, [m[3]], ["user:ada"], [VECTOR])
        self._ask("vectors.sql:put", ONE, SPACE, [m[1]], ["shared"], [VECTOR])
        self._ask(
            "vectors.sql:put",
            ONE,
            SPACE,
            [GONE],
            ["shared"],
            [VECTOR],
            before="insert into memories select (jsonb_populate_record(m, jsonb_build_object('memory_id', '"
            + str(GONE)
            + "', 'text_key', '\\x01'))).* from memories m where memory_id = '"
            + str(m[0])
            + "' and tenant_id <> '"
            + str(ONE)
            + "'",
        )
        self._ask("vectors.sql:remove", ONE, SPACE, [m[1]])
        self._ask("vectors.sql:search", ONE, SPACE, ["user:ada", "shared"], VECTOR, 9, 1000)
        self._ask("vectors.sql:search", ONE, BUILT_IN, ["user:ada", "shared"], VECTOR, 2, 0, before=WALKED)
        self._ask("vectors.sql:page", ONE, SPACE, None, 9)
        self._ask("vectors.sql:held", ONE, SPACE, [m[1], m[2]])
        self._ask("vectors.sql:drop", ONE, SPACE)
        self._ask("following.sql:texts", ONE, [m[0]], SPACE)
        self._ask("following.sql:waiting", ONE, m)
        others = "delete from memories_to_index; insert into memories_to_index (tenant_id, memory_id) "
        others += f"select tenant_id, '{NEW}' "
        self._ask("following.sql:waiting_gone", ONE, before=f"{others} from {OTHERS}")
        elsewhere = f"delete from memories where tenant_id = '{ONE}' and memory_id = '{m[0]}'"
        self._ask("following.sql:waiting_gone", ONE, before=elsewhere)
        self._ask("following.sql:known", ONE, [m[0], m[1]], before=elsewhere)
        self._ask("following.sql:page_of_texts", ONE, None, SPACE, 100)
        self._ask("following.sql:count_memories", ONE)
        self._ask(
            "following.sql:keep_embeddings",
            ONE,
            SPACE,
            [m[3]],
            ["thetwins x"],
            [b"0"],
            before=f"update memories set text = 'thetwins x' where memory_id = '{m[3]}' and tenant_id <> '{ONE}'",
        )
        mine = f"tenant_id = '{ONE}' and memory_id = '{m[0]}'"
        due = f"update memories_to_index set next_time = case when {mine} then now() else '2100-01-01' end"
        self._ask("following.sql:lease", "", 9, 60.0, before=due, is_worker=True)
        numbers = f"update memories_to_index set number = case when memory_id in ('{m[0]}', '{m[1]}') then 1 else 2 end"
        for space in ("", SPACE):
            self._ask("following.sql:finish", [ONE, ONE], [m[0], m[2]], [1, 1], space, before=numbers, is_worker=True)
        self._ask("following.sql:give_back", [ONE], [m[0]], [60.0], is_worker=True)

    def of_sources(self) -> None:
        """Forgetting, quarantines, erasing; also as the release before called it."""
        m = self._memories
        self._ask("sources.sql:forget_some", ONE, None, "elsewhere", "", 100)
        self._ask("sources.sql:forget_some", ONE, self._conversation, None, "", 100)
        self._ask("sources.sql:forget_some", ONE, None, "elsewhere", "", 100, before=QUARANTINE)
        self._ask("sources.sql:hold_forgetting", ONE, "source/elsewhere", "")
        self._ask("sources.sql:count_forgotten", ONE, "source/elsewhere", "", 1, 1)
        self._call("select admit_sources($1, $2, $3, $4)", ONE, ["source/other"], "ada", LONG_AGO, before=FORGOTTEN)
        self._call("select was_erased($1, $2, $3)", ONE, "max", LONG_AGO, before=ERASED)
        self._call("select told_by($1, $2, $3)", ONE, m[20], str(m[20]))
        for key in ("conversation", "source"):
            told = [ONE, ELSEWHERE if key == "conversation" else None, "elsewhere" if key == "source" else None]
            self._call("select told_by($1, $2, $3)", *told)
        opened = "select open_quarantine($1, $2, null, $3, null, '', '', $4)"
        for conversation in (ELSEWHERE, self._conversation):
            self._call(opened, ONE, NEW, conversation, NOW, about="settle_quarantines")
        self._call("select open_quarantine($1, $2, $3, null, null, '', '', $4)", ONE, NEW, m[1], NOW)
        self._ask("quarantine.sql:find", ONE, self._quarantine)
        self._ask("quarantine.sql:members", ONE, self._quarantine, 9)
        members = f"insert into quarantine_members select tenant_id, '{m[1]}', '{GONE}' from {OTHERS};"
        self._ask(
            "quarantine.sql:turns",
            ONE,
            GONE,
            9,
            before=members + QUARANTINE + f"insert into quarantine_members values ('{ONE}', '{m[0]}', '{GONE}')",
        )
        words = "select * from {} order by 1"
        self._call(
            words.format("memories_with_words($1, $2, $3, '{}', '{}', null, 0, 9)"),
            ONE,
            ["gardener"],
            ["shared", "user:ada"],
        )
        self._call(
            words.format("nearest_memories($1, $2, $3, '{}', '{}', null, 0, 9)"), ONE, VECTOR, ["shared", "user:ada"]
        )
        self._ask("erasures.sql:begin", ONE, NEW, "zoe", b"0", NOW)
        for before in (PERSON, PERSON.replace("ada", "bob"), PERSON.replace("ada", "root")):
            self._call("select erase_memories($1)", ONE, before=before)
            self.scenes[-1].masked = ("text_key",)
        for place in ("erase_memories", "erase_links", "erase_forgotten", "erase_quarantines", "erase_upkeep"):
            self._ask(f"erasing.sql:{place}", before=PERSON)
            self.scenes[-1].is_bound = True
            self.scenes[-1].masked = ("text_key",)

    def of_upkeep(self) -> None:
        """Sweeps and consolidations."""
        m = self._memories
        self._ask("sweeps.sql:purge", ONE, NOW, NOW, 100)
        self._ask("sweeps.sql:forget_old", ONE, NOW + timedelta(days=60))
        self._ask("queries.sql:take_lost", ONE)
        self._ask("sweeps.sql:mark_restored", ONE, self._sweep, NOW)
        self._ask("sweeps.sql:lock_sweep", ONE, self._sweep)
        missed = f"update memories set retire_time = '{NOW}', retire_reason = 2"
        missed += f" where tenant_id = '{ONE}' and memory_id = '{m[6]}';"
        missed += f"insert into swept_memories select tenant_id, '{self._sweep}', '{m[6]}', 2, 0 from {OTHERS}"
        self._ask("sweeps.sql:restore", ONE, self._sweep, NOW, NOW, before=missed)
        self._ask("sweeps.sql:candidates", [], NOW, 5.0, 99, True, 1.0)
        self._ask("sweeps.sql:find_sweep", ONE, self._sweep)
        self._ask("sweeps.sql:first_swept", ONE, self._sweep, 9)
        self._ask(
            "sweeps.sql:claim_upkeep",
            60.0,
            before=f"update upkeep set due_time = now() where tenant_id = '{ONE}'",
            is_worker=True,
        )
        self._ask(
            "sweeps.sql:end_upkeep",
            ONE,
            60.0,
            True,
            before="update upkeep set due_time = '2100-01-01', sweep_time = '2100-01-01'",
            is_worker=True,
        )
        consolidation = [ONE, RUNNING]
        self._ask("consolidations.sql:abandon", *consolidation, "", NOW)
        self._ask("consolidations.sql:lock", *consolidation)
        self._ask("consolidations.sql:find_running", ONE, "user:bob")
        self._ask("consolidations.sql:sources", *consolidation)
        self._ask("consolidations.sql:hold_sources", *consolidation)
        self._ask("consolidations.sql:proposals", *consolidation)
        self._ask("consolidations.sql:drop_proposals", *consolidation)
        self._ask("consolidations.sql:mark_rested", *consolidation, m)
        self._ask("consolidations.sql:rouse", ONE, m, NOW)
        self._ask("consolidations.sql:finish", *consolidation, 2, "", 1, 1, 1.0, [], NOW, NOW)
        self._ask("consolidations.sql:say_method", *consolidation, "", "", 5)
        self._ask("consolidations.sql:rest", ONE, [m[5]], NOW)
        doubted = f"update consolidation_sources set rested = false where tenant_id = '{ONE}' and memory_id = '{m[4]}'"
        self._ask("consolidations.sql:awaken", ONE, self._consolidation, NOW, before=doubted)
        looked = "insert into consolidation_sources (tenant_id, consolidation_id, memory_id, text_hash) select "
        looked += f"tenant_id, '{self._consolidation}', '{m[10]}', '' from {OTHERS}; {looked} "
        looked += f"'{ONE}', '{self._consolidation}', '{m[6]}', ''"
        looked += f"; update memories set learn_time = learn_time - interval '1 day' where memory_id = '{m[6]}'"
        self._ask("consolidations.sql:candidates", "user:bob", NOW, NOW, 3, [], before=looked)
        judged = "update consolidations set state = 4, method = 'rules'"
        judged += f" where consolidation_id = '{self._consolidation}'"
        others = f"{looked}; {judged}; update consolidations set method = '' where tenant_id = '{ONE}'"
        for before in (f"{looked}; {judged}", others):
            for name in ("to_replay", "count_to_replay"):
                self._ask(f"consolidations.sql:{name}", ONE, ["user:bob"], LONG_AGO, NOW, 99, before=before)
        self._ask("consolidations.sql:replayed", ONE, m, NOW)
        self._ask("consolidations.sql:leave_unlooked", ONE, self._consolidation, before=judged)
        self._ask("consolidations.sql:inherit_sources", ONE, m[16], [m[4], m[5]])

    @classmethod
    def of(cls, texts: Mapping[str, str], estate: Estate) -> list[Scene]:
        """All of them."""
        script = cls(texts, estate)
        for part in (script.of_rows, script.of_triggers, script.of_vectors, script.of_sources, script.of_upkeep):
            part()
        return script.scenes
