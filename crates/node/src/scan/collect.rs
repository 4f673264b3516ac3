//! Parts in order to what is kept and told: recalls, occurrences of equal records, detections, sums.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use entente_store::Detection;

use super::detection::detection;
use super::matching::Found;
use super::on_trial::OnTrial;
use super::over_time::Watching;
use super::workers::{End, Part};
use super::{NO_OBSERVABLE, Settings, Sums, Told};
use crate::generation::Compiled;
use crate::limits::{DETECTIONS_BATCH_MAX, RECALLS_KNOWN_MAX, REPEATED_RECORDS_MAX, TRIAL_HELD_MICROS};
use crate::noted::Noted;
use crate::recall::standing::Recalls;
use crate::receipt::Recalled;
use crate::rules::{Parked, RuleSet};
use crate::{Error, Node};

/// Parts of a quarter of a megabyte after which detections are kept and told, however few there are.
const PARTS_BETWEEN_FLUSHES: u32 = 256;

/// Maps whose keys we made ourselves, hashed without a random seed: a scan is repeatable.
type Counts<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// The record that the last hit was in, and which occurrence of it each indicator counted.
#[derive(Default)]
struct InRecord {
    place: Option<(usize, u64, [u8; 32])>,
    occurrences: Counts<String, u32>,
}

/// Something found that is not kept and told yet.
struct Waiting {
    input: usize,
    found: Found,
    /// What is kept of it; nothing where a rule is not the node's.
    detection: Option<Detection>,
}

/// Takes parts in order, notes their detections, tells everything.
pub(super) struct Collector<'a> {
    node: &'a Node,
    rules: Arc<RuleSet>,
    /// What records satisfy together.
    watching: Watching,
    on_trial: OnTrial<Waiting>,
    /// When the trials were kept last, microseconds since 1970 UTC.
    trials_kept_at: i64,
    recalls: Recalls<'a>,
    /// What they say of the indicators that matched.
    recalled: Counts<String, Option<Arc<Recalled>>>,
    pub(super) settings: Settings,
    names: Vec<String>,
    tell: &'a mut dyn FnMut(Told<'_>),
    waiting: Vec<Waiting>,
    /// What took too much work, the rule where one was passed over for it, and how often.
    exhausted: BTreeMap<(String, Option<String>), u64>,
    /// How often each matching record occurred, by input; parts of several inputs may alternate.
    repeated: Counts<usize, Counts<u64, u32>>,
    record: InRecord,
    /// Parts since the last flush.
    parts: u32,
    by_input: Counts<usize, Sums>,
    total: Sums,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        node: &'a Node,
        rules: Arc<RuleSet>,
        settings: &'a Settings,
        names: Vec<String>,
        tell: &'a mut dyn FnMut(Told<'_>),
    ) -> Result<Self, Error> {
        Ok(Collector {
            node,
            watching: Watching::new(&rules, node.secret, settings.now),
            on_trial: OnTrial::new(node, &rules)?,
            trials_kept_at: settings.now.micros(),
            rules,
            recalls: node.recalls()?,
            recalled: HashMap::default(),
            settings: *settings,
            names,
            tell,
            waiting: Vec::new(),
            exhausted: BTreeMap::new(),
            repeated: HashMap::default(),
            record: InRecord::default(),
            parts: 0,
            by_input: HashMap::default(),
            total: Sums::default(),
        })
    }

    pub(super) fn part(&mut self, mut part: Part) -> Result<(), Error> {
        let input = part.input;
        if let Some(cause) = part.fault {
            // Removed, so that the next scan makes it anew; this one must not look complete.
            self.node.forget_generations();
            let cause = format!("{cause}; it is made anew by the next scan, repeat this one");
            return Err(Error::Generation {
                path: self.node.folder.clone(),
                cause,
            });
        }
        self.by_input.entry(input).or_default().add(&part.sums);
        for found in std::mem::take(&mut part.found) {
            match found {
                Found::Seen(seen) => self.seen(input, seen, part.seen_until),
                found => self.found(input, found)?,
            }
        }
        self.found_together()?;
        self.on_trial.part(&part, &self.rules);
        self.tell_tried()?;
        self.watching.pass_over(&part.passed_over);
        for exhausted in part.exhausted {
            let what = (exhausted.what, exhausted.rule);
            *self.exhausted.entry(what).or_default() += exhausted.times;
        }
        let name = self.names.get(input).map(String::as_str).unwrap_or_default();
        for defect in &part.defects {
            (self.tell)(Told::Defect {
                file: name,
                line: defect.line,
                reason: &defect.reason,
            });
        }
        self.parts += 1;
        if self.parts >= PARTS_BETWEEN_FLUSHES {
            // A long scan that is broken off has kept what it found until shortly before.
            self.flush()?;
        }
        let name = self.names.get(input).map(String::as_str).unwrap_or_default();
        (self.tell)(Told::Progress {
            file: name,
            bytes: part.bytes,
        });
        if let Some(end) = part.end {
            self.flush()?;
            self.repeated.remove(&input);
            let name = self.names.get(input).map(String::as_str).unwrap_or_default();
            let mut sums = self.by_input.remove(&input).unwrap_or_default();
            match end {
                End::Read(format) => (self.tell)(Told::Read {
                    file: name,
                    format,
                    sums,
                }),
                End::Failed(reason) => {
                    sums.failed = 1;
                    (self.tell)(Told::Failed {
                        file: name,
                        reason: &reason,
                    });
                }
            }
            self.total.add(&sums);
        }
        Ok(())
    }

    /// The recall of an indicator that matched. What somebody recalls while a scan runs counts from the next one on.
    fn recall_of(&mut self, indicator: &str) -> Result<Option<Arc<Recalled>>, Error> {
        if let Some(known) = self.recalled.get(indicator) {
            return Ok(known.clone());
        }
        let recall = self.recalls.of(indicator)?.map(Arc::new);
        if self.recalled.len() >= RECALLS_KNOWN_MAX {
            self.recalled.clear();
        }
        self.recalled.insert(indicator.to_owned(), recall.clone());
        Ok(recall)
    }

    fn seen(&mut self, input: usize, seen: crate::rules::Seen, seen_until: u64) {
        let occurrence = self.occurrence((input, seen.line, seen.record_digest), "");
        let is_known = seen.line <= seen_until;
        self.watching.see(input, occurrence, seen, is_known);
    }

    /// Takes what records satisfy together, as far as it is known.
    fn found_together(&mut self) -> Result<(), Error> {
        for one in self.watching.matches() {
            let Some((input, fired)) = self.watching.fired(one, &self.names) else {
                continue;
            };
            let is_meant = self
                .rules
                .of(&fired)
                .is_some_and(|rule| rule.is_valid_at(fired.time));
            if is_meant || self.settings.any_time {
                self.found(input, Found::Fired(fired))?;
            } else {
                self.sums_of(input).outside_validity += 1;
            }
        }
        Ok(())
    }

    /// Handles all that waits for earlier records: none comes any more.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        self.watching.finish();
        self.found_together()
    }

    /// Goes on with what an earlier watch saw of what takes several records.
    pub(super) fn restore(&mut self, state: &[u8]) {
        self.watching = Watching::restored(&self.rules, self.node.secret, self.settings.now, state);
    }

    /// What was seen of what takes several records; nothing where nothing is looked for that does.
    pub(super) fn state(&self) -> Option<Vec<u8>> {
        (!self.rules.plan().is_empty()).then(|| self.watching.state())
    }

    /// Handles what is from before a time: no record from before it comes any more.
    pub(super) fn advance(&mut self, time: i64) -> Result<(), Error> {
        self.watching.advance(time, self.settings.now);
        self.found_together()
    }

    /// The sums of an input; of one that was read already, those of all.
    fn sums_of(&mut self, input: usize) -> &mut Sums {
        self.by_input.get_mut(&input).unwrap_or(&mut self.total)
    }

    fn found(&mut self, input: usize, found: Found) -> Result<(), Error> {
        let detection = match self.kept_as(&found) {
            None => None,
            Some((id, line, digest)) => {
                let (id, place) = (id.to_owned(), (input, line, digest));
                if matches!(found, Found::Fired(_)) && self.is_found_in(place, &id) {
                    // One of its values was found already: the same detection.
                    return Ok(());
                }
                let recall = self.recall_of(&id)?;
                if recall.is_some_and(|recall| self.recalls.withdraws(&recall)) && !self.settings.recalled {
                    self.sums_of(input).recalled += 1;
                    return Ok(());
                }
                let occurrence = self.occurrence(place, &id);
                let file = self.names.get(input).map(String::as_str).unwrap_or_default();
                detection(&found, id, occurrence, file, self.settings.now)
            }
        };
        let number = match &found {
            Found::Fired(fired) if detection.is_some() => Some(fired.number),
            _ => None,
        };
        let waiting = Waiting {
            input,
            found,
            detection,
        };
        match number {
            Some(rule) => {
                self.on_trial.meet(rule, waiting, self.settings.now);
                self.tell_tried()
            }
            None => self.wait(waiting),
        }
    }

    fn wait(&mut self, waiting: Waiting) -> Result<(), Error> {
        self.waiting.push(waiting);
        if self.waiting.len() >= DETECTIONS_BATCH_MAX {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// What rules on trial matched and is to be told now.
    fn tell_tried(&mut self) -> Result<(), Error> {
        self.on_trial
            .take_ready()
            .try_for_each(|waiting| self.wait(waiting))
    }

    /// Which rules are parked, for those who evaluate them.
    pub(super) fn parked(&self) -> Arc<Parked> {
        self.on_trial.parked()
    }

    /// Tells what was held for a minute, and keeps the trials as often: a watch may be ended by anything.
    pub(super) fn tell_due(&mut self) -> Result<(), Error> {
        let now = self.settings.now;
        self.on_trial.release_due(now);
        self.tell_tried()?;
        let since = now.micros().saturating_sub(self.trials_kept_at);
        if since.saturating_abs() >= TRIAL_HELD_MICROS {
            self.trials_kept_at = now.micros();
            self.keep_trials()?;
        }
        Ok(())
    }

    /// Tells everything that rules on trial matched so far, and all that waits.
    pub(super) fn tell_held(&mut self) -> Result<(), Error> {
        self.on_trial.release();
        self.tell_tried()?;
        self.flush()
    }

    /// What was held for a verdict is recorded before the verdict.
    fn keep_trials(&mut self) -> Result<(), Error> {
        self.flush()?;
        if !self.settings.record {
            return Ok(());
        }
        self.on_trial.keep(self.node, self.settings.now)
    }

    /// The object that a detection is of, and its record; nothing where a rule is not the node's.
    fn kept_as<'f>(&'f self, found: &'f Found) -> Option<(&'f str, u64, [u8; 32])> {
        match found {
            Found::Hit(hit) => Some((&hit.indicator.id, hit.line, hit.record_digest)),
            Found::Fired(fired) => {
                let rule = self.rules.of(fired).filter(|rule| rule.is_object())?;
                Some((&rule.id, fired.line, fired.record_digest))
            }
            Found::Seen(_) => None,
        }
    }

    fn is_found_in(&self, place: (usize, u64, [u8; 32]), indicator: &str) -> bool {
        self.record.place == Some(place) && self.record.occurrences.contains_key(indicator)
    }

    /// Which one of several equal records this is: the same log scanned again, or renamed, or compressed,
    /// numbers them alike. Several values of one record that satisfy one indicator are one event.
    fn occurrence(&mut self, place: (usize, u64, [u8; 32]), indicator: &str) -> u32 {
        if self.record.place != Some(place) {
            self.record = InRecord {
                place: Some(place),
                occurrences: Counts::default(),
            };
        }
        if let Some(occurrence) = self.record.occurrences.get(indicator) {
            return *occurrence;
        }
        let (input, _, digest) = place;
        let occurrence = self.next_occurrence(input, &digest, indicator);
        self.record.occurrences.insert(indicator.to_owned(), occurrence);
        occurrence
    }

    fn next_occurrence(&mut self, input: usize, digest: &[u8; 32], indicator: &str) -> u32 {
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (digest, indicator).hash(&mut hasher);
        let key = hasher.finish();
        let repeated = self.repeated.entry(input).or_default();
        if repeated.len() >= REPEATED_RECORDS_MAX && !repeated.contains_key(&key) {
            return 0;
        }
        let seen = repeated.entry(key).or_insert(0);
        let occurrence = *seen;
        *seen = seen.saturating_add(1);
        occurrence
    }

    /// Notes what waits, then tells it: what is printed is already kept.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.parts = 0;
        let mut waiting = std::mem::take(&mut self.waiting);
        let detections: Vec<Detection> = waiting
            .iter_mut()
            .filter_map(|waiting| waiting.detection.take())
            .collect();
        let mut news = self.keep(&detections)?.into_iter();
        for Waiting { input, found, .. } in &waiting {
            // In the order of what was kept: each that has an object took its turn there.
            let id = self.kept_as(found).map(|(id, _, _)| id.to_owned());
            let is_new = id.is_some() && news.next().unwrap_or_default();
            let recalled = match &id {
                Some(id) => self.recall_of(id)?,
                None => None,
            };
            let sums = self.sums_of(*input);
            sums.detections += 1;
            sums.new += u64::from(is_new);
            sums.fired += u64::from(matches!(found, Found::Fired(_)));
            self.tell_found(*input, found, is_new, recalled.as_deref());
        }
        Ok(())
    }

    fn keep(&self, detections: &[Detection]) -> Result<Vec<bool>, Error> {
        if !self.settings.record || detections.is_empty() {
            return Ok(vec![false; detections.len()]);
        }
        let values = detections
            .iter()
            .filter(|detection| detection.kind != NO_OBSERVABLE)
            .map(|detection| (detection.kind, detection.value.as_str()));
        Noted::extend(self.node.store(), values)?;
        Ok(self.node.store.record_detections(detections)?)
    }

    fn tell_found(&mut self, input: usize, found: &Found, is_new: bool, recalled: Option<&Recalled>) {
        let file = self.names.get(input).map(String::as_str).unwrap_or_default();
        match found {
            Found::Hit(hit) => (self.tell)(Told::Found {
                hit,
                file,
                is_new,
                recalled,
            }),
            Found::Fired(fired) => {
                let Some(rule) = self.rules.of(fired) else { return };
                (self.tell)(Told::Fired {
                    fired,
                    rule,
                    file,
                    is_new,
                    recalled,
                });
            }
            Found::Seen(_) => {}
        }
    }

    /// Goes on with other rules, and with the recalls of now.
    pub(super) fn go_on_with(&mut self, rules: Arc<RuleSet>) -> Result<(), Error> {
        // What waits is told with the rules that found it.
        self.found_together()?;
        self.tell_held()?;
        self.keep_trials()?;
        self.on_trial.go_on_with(self.node, &rules)?;
        self.watching.go_on_with(&rules);
        self.rules = rules;
        self.recalls = self.node.recalls()?;
        self.recalled.clear();
        Ok(())
    }

    /// Tells what is looked for from here on.
    pub(super) fn tell_ready(&mut self, compiled: &Compiled) {
        let rules = &*self.rules;
        (self.tell)(Told::Ready { compiled, rules });
    }

    /// Tells the rest, and gives the sums; also of inputs that did not end.
    pub(super) fn end(&mut self) -> Result<Sums, Error> {
        self.tell_held()?;
        self.keep_trials()?;
        if self.settings.record {
            self.node.sweep_trials(self.settings.now)?;
        }
        self.on_trial.tell(&self.rules, self.tell);
        self.total.parked += self.on_trial.dropped();
        for ((expression, rule), times) in &self.exhausted {
            (self.tell)(Told::Exhausted {
                expression,
                rule: rule.as_deref(),
                times: *times,
            });
        }
        if let Some(account) = self.watching.account() {
            (self.tell)(Told::OverTime { account: &account });
        }
        for sums in std::mem::take(&mut self.by_input).values() {
            self.total.add(sums);
        }
        Ok(self.total)
    }
}
