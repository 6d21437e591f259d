"""What is stored brought to what may be stored of a person, month by month, without the API."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import (
    ATTENDEES,
    BOOKINGS,
    CUSTOMERS,
    PERFORMANCES,
    RAW_BOOKINGS,
    RAW_SEATS,
)
from ticketsource_pipeline.frames.attendees import redacted_attendees
from ticketsource_pipeline.frames.customers import redacted_customers, tied_customers
from ticketsource_pipeline.frames.redaction import Redaction
from ticketsource_pipeline.landing.marts import make_locked_marts, store_customers
from ticketsource_pipeline.landing.redacted_files import RedactedFiles, RemovalCounts
from ticketsource_pipeline.landing.rules import PrivacyRules
from ticketsource_pipeline.landing.sales import publish_locked_month, rewrite_attendees
from ticketsource_pipeline.personal_data import AttendeeMode, Personal
from ticketsource_pipeline.refresh.openness import Performance, performances_of
from ticketsource_pipeline.store import DamagedFile, ParquetStore, StoreError, Written
from ticketsource_pipeline.store.months import MOVED, PerformanceRecord
from ticketsource_pipeline.store.privacy import (
    ForgottenPerson,
    PrivacyState,
    claimed_pseudonyms,
    forgotten_people,
    privacy_state,
    pseudonyms,
    write_forgotten_people,
    write_privacy_state,
)
from ticketsource_pipeline.store.state import MARTS_LOCK, PRIVACY_LOCK, lock_of


@dataclass
class Settlement:
    """What was done to bring the stored data to what may be stored.

    Attributes:
        months: the months that were made anew.
        counts: what was removed of those who are to be forgotten.
    """

    months: list[str] = field(default_factory=list)
    counts: RemovalCounts = field(default_factory=RemovalCounts)


def privacy_rules(store: ParquetStore, mode: AttendeeMode) -> PrivacyRules:
    """Return what a run may store of a person; the caller holds a month's lock.

    Args:
        store: the data directory, settled to the run's mode.
        mode: the run's mode.

    Raises:
        StoreError: when another run has brought the directory to another mode meanwhile.
    """
    state = privacy_state(store)
    if state.attendees is not mode:
        raise StoreError(
            f"{store.layout.root} is under TICKETSOURCE_ATTENDEES={state.attendees} since another"
            f" run, and this one has {mode}: give all that use the directory the same."
        )
    return PrivacyRules(_redaction(store, mode), state.loosened_at)


def is_settled(store: ParquetStore, mode: AttendeeMode) -> bool:
    """Return whether nothing is to be done before a run of that mode may store anything."""
    state = privacy_state(store)
    return (
        state.attendees is mode
        and state.settled
        and all(person.done for person in forgotten_people(store))
    )


def settle(store: ParquetStore, mode: AttendeeMode | None = None) -> Settlement:
    """Bring everything stored to a mode, and take out whoever is to be forgotten.

    A stricter mode is applied to every month, closed ones too; a looser one lets what is read from
    now on say more. Each file is replaced whole. What is being done is noted first and struck off
    last, so a process that is killed half-way leaves the rest to the next one.

    Args:
        store: the data directory; the caller holds no lock of it.
        mode: how much may be stored of anybody; as before when not given.

    Raises:
        StoreError: when the store cannot be read or written.
    """
    done = Settlement()
    if is_settled(store, mode or privacy_state(store).attendees):
        return done
    store = replace(store, keeps_replaced_persons=False)
    with store.lock(PRIVACY_LOCK):
        before = privacy_state(store)
        state = _begun(store, before, mode or before.attendees)
        if state != before:
            write_privacy_state(store, state)
        if forgotten_people(store):
            # A damaged list tells nothing; it is told once the months are rid of the person.
            with contextlib.suppress(DamagedFile):
                note_tied_customers(store, store.read(CUSTOMERS), state.attendees)
        people = forgotten_people(store)
        if not state.settled or not all(person.done for person in people):
            redaction = _redaction(store, state.attendees)
            catalog = performances_of(store.read(PERFORMANCES))
            with _all_months_locked(store) as months:
                for month in months:
                    _settle_month(store, month, redaction, catalog, done)
            _settle_customers(store, redaction, done)
        if not all(person.done for person in people):
            write_forgotten_people(
                store,
                [
                    replace(
                        person,
                        bookings=person.bookings + done.counts.bookings[person.mark],
                        seats=person.seats + done.counts.seats[person.mark],
                        customers=person.customers + done.counts.customers[person.mark],
                        done=True,
                    )
                    for person in people
                ],
                pseudonyms(store).key_id,
            )
        if not state.settled:
            write_privacy_state(store, replace(state, settled=True))
    return done


def note_tied_customers(store: ParquetStore, customers: pd.DataFrame, mode: AttendeeMode) -> bool:
    """Note that customers whose address is to be forgotten are, with all that they booked.

    Args:
        store: the data directory; the caller holds the lock on personal data.
        customers: the list of customers, as read or as stored.
        mode: how much may be stored of anybody.

    Returns:
        Whether there is any who was not known before; who they are, only their marks tell.
    """
    tied = tied_customers(customers, _redaction(store, mode))
    if not tied:
        return False
    names = pseudonyms(store)
    marks = [mark for key in tied if (mark := names.mark(Personal.CUSTOMER, key)) is not None]
    now = utc_now()
    people = [ForgottenPerson(mark, Personal.CUSTOMER, now) for mark in dict.fromkeys(marks)]
    write_forgotten_people(store, [*forgotten_people(store), *people], names.key_id)
    return True


def _begun(store: ParquetStore, before: PrivacyState, mode: AttendeeMode) -> PrivacyState:
    """The note of a mode before anything is done for it."""
    loosened_at = before.loosened_at
    if before.attendees.is_stricter_than(mode):
        loosened_at = utc_now()
    elif mode.is_stricter_than(before.attendees):
        loosened_at = None
    is_pseudonymous = mode is AttendeeMode.PSEUDONYMOUS
    return PrivacyState(
        attendees=mode,
        settled=mode is AttendeeMode.FULL
        or (before.settled and not mode.is_stricter_than(before.attendees)),
        loosened_at=loosened_at,
        key_id=claimed_pseudonyms(store).key_id if is_pseudonymous else before.key_id,
    )


def _redaction(store: ParquetStore, mode: AttendeeMode) -> Redaction:
    marks = frozenset(person.mark for person in forgotten_people(store))
    needs_key = bool(marks) or mode is AttendeeMode.PSEUDONYMOUS
    return Redaction(mode, pseudonyms(store) if needs_key else None, marks)


@contextlib.contextmanager
def _all_months_locked(store: ParquetStore) -> Iterator[list[str]]:
    """Hold the locks of all stored months at once: no performance then moves past its turn."""
    while True:
        months = _months(store)
        with contextlib.ExitStack() as locks:
            # In the order in which every run takes them, so that none waits for the other.
            for month in months:
                locks.enter_context(store.lock(lock_of(month)))
            if _months(store) == months:
                yield months
                return


def _months(store: ParquetStore) -> list[str]:
    stored = (store.months(dataset) for dataset in (RAW_BOOKINGS, RAW_SEATS, ATTENDEES))
    return sorted({*store.recorded_months(), *(month for months in stored for month in months)})


def settle_month(
    store: ParquetStore, month: str, mode: AttendeeMode, catalog: Sequence[Performance]
) -> None:
    """Write a month's files of persons anew as they may be stored, where that changes any.

    Args:
        store: the data directory; the caller holds the month's lock.
        month: the month.
        mode: how much may be stored of anybody.
        catalog: every performance of the catalogue.
    """
    _settle_month(store, month, privacy_rules(store, mode).redaction, catalog, Settlement())


def _settle_month(
    store: ParquetStore,
    month: str,
    redaction: Redaction,
    catalog: Sequence[Performance],
    done: Settlement,
) -> None:
    # What a killed writer left unfinished names people too.
    for dataset in (RAW_BOOKINGS, RAW_SEATS, ATTENDEES):
        store.sweep(dataset, month)
    record = store.month_record(month)
    before = record
    changed = False
    all_files: list[RedactedFiles] = []
    for name in sorted({*store.names(RAW_BOOKINGS, month), *store.names(RAW_SEATS, month)}):
        files = RedactedFiles.of(store, month, name, redaction, done.counts)
        written = files.write(store, month, name)
        changed |= any(file.changed for file in written.values())
        all_files.append(files)
        known = record.performances.get(name)
        if known is not None:
            record = record.with_performance(name, _rewritten(known, files, written))
    is_ahead = before.published_content != before.content
    if is_ahead:
        record = replace(record, published_content=None)
    if record != before:
        store.write_month_record(record)
    if is_ahead:
        # The raw layer is ahead, or not whole: the last good lines and seats stay as they are.
        rewrite_attendees(
            store,
            month,
            partial(
                redacted_attendees,
                redaction=redaction,
                bookings_of_forgotten={key for files in all_files for key in files.of_forgotten},
                seats_of_nobody={key for files in all_files for key in files.seats_of_nobody},
            ),
        )
        changed |= record != before
    elif changed or record != before or store.is_to_be_cleared(ATTENDEES, month):
        publish_locked_month(store, month, catalog)
        changed = True
    if changed:
        done.months.append(month)


def _settle_customers(store: ParquetStore, redaction: Redaction, done: Settlement) -> None:
    """Bring the list of customers to the rule, and the marts to what the months hold by now."""
    with store.lock(MARTS_LOCK):
        # What a killed writer left unfinished names people too.
        store.sweep(CUSTOMERS, None)
        store.sweep(BOOKINGS, None)
        if store.names(CUSTOMERS, None):
            customers, forgotten = redacted_customers(store.read(CUSTOMERS), redaction)
            store_customers(store, customers)
            done.counts.customers.update(forgotten)
        if store.names(BOOKINGS, None):
            # It holds persons of months whose raw rows are ahead of what is published, too.
            make_locked_marts(store, anew=True)


def _rewritten(
    known: PerformanceRecord, files: RedactedFiles, written: Mapping[str, Written]
) -> PerformanceRecord:
    """The record of a performance whose files were rewritten: what proves them is new."""
    if known.files:
        proofs = {name: file.proof for name, file in written.items()}
        known = replace(known, files={**known.files, **proofs})
    # One that was begun only, or is on its way to another month, has no content of its own.
    return known if known.content in {"", MOVED} else replace(known, content=files.content)
