//! Every bound of this crate, shown to people by `entente limits`.

/// Longest indicator id kept, in bytes; STIX ids are far shorter.
pub const ID_BYTES_MAX: usize = 512;

/// Longest name kept with an indicator, in bytes; a longer one is cut.
pub const NAME_BYTES_MAX: usize = 512;

/// Longest value or pattern of one atom, in bytes; an atom with a longer one is not evaluated.
pub const VALUE_BYTES_MAX: usize = 16 << 10;

/// Most atoms of one indicator; the rest is not evaluated.
pub const ATOMS_PER_INDICATOR_MAX: usize = 65_536;

/// Most `LIKE` and `MATCHES` atoms in one generation; the rest is not evaluated.
pub const PATTERNS_MAX: usize = 16_384;

/// Longest text of a `LIKE` or `MATCHES`, in bytes; a longer one is not evaluated.
pub const PATTERN_TEXT_BYTES_MAX: usize = 4 << 10;

/// Largest program of one regular expression, in bytes; a larger one is not evaluated.
pub const PATTERN_PROGRAM_BYTES_MAX: usize = 1 << 20;

/// Steps back that an expression with look-around or back-references may take over one value; beyond, it is not
/// known whether it matches.
pub const PATTERN_BACKTRACKS_MAX: usize = 100_000;

/// Limits of such steps that are tried one after the other, where work is counted: the one that suffices says how
/// much was done.
pub const PATTERN_BACKTRACKS: [usize; 7] = [32, 128, 512, 2048, 8192, 32_768, PATTERN_BACKTRACKS_MAX];

/// Programs of all regular expressions of one generation together, in bytes; the rest is not evaluated.
pub const PATTERN_PROGRAMS_BYTES_MAX: usize = 64 << 20;

/// What the smallest program is counted as, in bytes; each further size is four times the one before.
pub(crate) const PATTERN_CLASS_BYTES_MIN: usize = 4 << 10;

/// Automaton that one set of regular expressions keeps of what it met, in bytes; beyond, it runs slower.
pub const PATTERN_DFA_BYTES_MAX: usize = 1 << 20;

/// How much of a value or an expression a reason shows, in characters.
pub const SHOWN_CHARACTERS_MAX: usize = 100;

/// Regular expressions that are run together as one set.
pub const PATTERNS_IN_SET: usize = 64;

/// Largest arena, in bytes: references have 32 bits and count units of 8 bytes.
pub const ARENA_BYTES_MAX: u64 = 8 << 32;

/// Blocks of 4 KiB of the arena that one scanner keeps.
pub const CACHED_BLOCKS: usize = 64;

/// Indicator records that one scanner keeps.
pub const CACHED_INDICATORS: usize = 256;

/// Values that one scanner remembers as known to be nothing.
pub const MEMO_VALUES: usize = 2048;

/// Longest value that is remembered so, in bytes.
pub const MEMO_VALUE_BYTES_MAX: usize = 512;

/// Broken records that one scanner keeps between two collections; what is more is counted only.
pub const DEFECTS_KEPT_MAX: usize = 1024;

/// Most detections of one record; what is more is counted, not reported.
pub const HITS_PER_RECORD_MAX: usize = 65_536;

/// Longest value given with a detection, in bytes; a longer one is cut.
pub const HIT_VALUE_BYTES_MAX: usize = 8 << 10;

/// As how many observations one is counted at most, where `number_observed` is asked to count.
pub const OBSERVED_COPIES_MAX: u64 = 4096;

/// Hits that one question to [`crate::pattern::join`] looks at, counted once for each part of the expression.
pub const JOIN_HITS_MAX: u64 = 1 << 27;

/// Steps of the search among the bindings of one pattern, where order and counting do not decide.
pub const JOIN_STEPS_MAX: u64 = 1 << 20;

/// Deepest nesting of the conditions of one leaf of a rule; a deeper one is refused.
pub const RULE_CONDITION_DEPTH_MAX: usize = 128;

/// Most comparisons and conditions of one leaf of a rule; one with more is refused.
pub const RULE_CONDITION_PARTS_MAX: usize = 65_536;

/// Most leaves (conditions of rules and patterns) that are evaluated together; further ones are refused.
pub const RULE_LEAVES_MAX: usize = 1 << 20;

/// Sizes, in bytes, that programs of rules' regular expressions are counted as; a larger one is refused. The largest
/// is four times what one of a pattern may take, as rules in the wild bound words by number (`\w{1,64}`), and a word
/// character of Unicode takes some hundred states each time.
pub const RULE_EXPRESSION_BYTES: [usize; 3] = [64 << 10, 1 << 20, 4 << 20];

/// Programs of all rules' regular expressions together, in bytes; rules with further ones are refused.
pub const RULE_EXPRESSIONS_BYTES_MAX: usize = 256 << 20;

/// Work that each condition of a rule or pattern may cause in a thread, in units of about a nanosecond; beyond that, and
/// beyond what the rows that were seen allow, it is passed over until the batch ends.
pub const RULE_WORK_BEGIN: u64 = 2 << 20;

/// Work that each row allows to each condition.
pub const RULE_WORK_EACH_ROW: u64 = 20;

/// Bytes of text in a row for which it allows a unit more: a search in linear time through all that a row holds is
/// always allowed.
pub const RULE_WORK_ROW_BYTES: u64 = 4;

/// Most comparisons that an explanation of one rule and one row gives.
pub const RULE_FINDINGS_MAX: usize = 64;

/// How much later than the newest event one may come and be put in its place, in microseconds.
pub const STATE_LATENESS_MICROS: i64 = 300_000_000;

/// How far back a pattern without `WITHIN` and `STOP` looks in a stream, in microseconds.
pub const STATE_LOOK_BACK_MICROS: i64 = 7 * 86_400_000_000;

/// Hits of one leaf of a pattern that are kept in a stream, unless the pattern itself asks for more.
pub const STATE_LEAF_HITS_MAX: usize = 256;

/// Hits that wait for earlier ones.
pub const STATE_WAITING_MAX: usize = 4 << 20;

/// Groups of correlations and patterns together.
pub const STATE_GROUPS_MAX: usize = 4 << 20;

/// Events of all groups together.
pub const STATE_EVENTS_MAX: usize = 16 << 20;

/// Most events, values or rules that a correlation counts, and `REPEATS` in a stream; one that asks for more is refused.
pub const STATE_COUNT_MAX: usize = 65_536;

/// Values of a group that a percentile or median is of.
pub const STATE_MEASURED_MAX: usize = 4096;

/// Events that are kept to be shown of a window that is judged at its end.
pub const STATE_EVIDENCE_MAX: usize = 1024;

/// Longest value by which events are grouped, in bytes; of a longer one the digest counts.
pub const STATE_VALUE_BYTES_MAX: usize = 1024;

/// Most leaves of a pattern in a stream.
pub const STATE_PATTERN_LEAVES_MAX: usize = 4096;

/// Most rows that the rules of a `temporal_ordered` correlation make which asks only for some of them.
pub const STATE_ORDERS_MAX: usize = 64;

/// Work of one question in a stream, as [`JOIN_HITS_MAX`] and [`JOIN_STEPS_MAX`] have it.
pub const STATE_JOIN_HITS_MAX: u64 = 1 << 20;

/// The same of the search.
pub const STATE_JOIN_STEPS_MAX: u64 = 1 << 12;

/// Work of one pattern within an hour of the events' time: twelve for each hit, and what joining them goes through. A
/// million records that all hit it take a few hundredths of a second longer.
pub const STATE_WORK_MAX: u64 = 1 << 18;

/// How long a pattern is given no hits that has spent its work, in microseconds of the events' time: a quarter of
/// an hour, in which a quarter of the work grows again; longer than hits wait, so that most need not even wait.
pub const STATE_REST_MICROS: i64 = 900_000_000;

/// Most rules of a correlation that asks which of them were seen, and parts of its condition.
pub const STATE_RULES_SEEN_MAX: usize = 1024;

/// Most observables that one name of the field map gives of one event (answers of a DNS reply).
pub const OBJECTS_PER_NAME_MAX: usize = 64;

/// Most values that the row of one observable holds.
pub const ROW_VALUES_MAX: usize = 1024;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "id of an indicator, bytes",
        ID_BYTES_MAX as u64,
        "a longer indicator id is refused",
    ),
    (
        "name of an indicator, bytes",
        NAME_BYTES_MAX as u64,
        "a longer indicator name is cut",
    ),
    (
        "value of an indicator, bytes",
        VALUE_BYTES_MAX as u64,
        "an indicator's longer value is not evaluated",
    ),
    (
        "values that one indicator asks for",
        ATOMS_PER_INDICATOR_MAX as u64,
        "what one indicator asks for beyond is not evaluated",
    ),
    (
        "LIKE and MATCHES comparisons",
        PATTERNS_MAX as u64,
        "further LIKE and MATCHES comparisons are not evaluated",
    ),
    (
        "text of a LIKE or MATCHES, bytes",
        PATTERN_TEXT_BYTES_MAX as u64,
        "a longer LIKE or MATCHES is not evaluated",
    ),
    (
        "copies of one observation",
        OBSERVED_COPIES_MAX,
        "where number_observed is asked to count, no observation counts more often",
    ),
    (
        "hits that a pattern joins",
        JOIN_HITS_MAX,
        "counted once for each part of the pattern; a pattern that needs more is told as unfinished",
    ),
    (
        "steps in search of a pattern's observations",
        JOIN_STEPS_MAX,
        "a pattern that needs more is told as unfinished",
    ),
    (
        "steps back of a regular expression",
        PATTERN_BACKTRACKS_MAX as u64,
        "look-around and back-references that need more over one value are told as unfinished",
    ),
    (
        "compiled regular expressions together, bytes",
        PATTERN_PROGRAMS_BYTES_MAX as u64,
        "further LIKE and MATCHES comparisons of a generation are not evaluated",
    ),
    (
        "memory of a set of regular expressions, bytes",
        PATTERN_DFA_BYTES_MAX as u64,
        "a set of regular expressions that needs more runs slower",
    ),
    (
        "value shown in a reason, characters",
        SHOWN_CHARACTERS_MAX as u64,
        "a longer value or expression is cut in a reason",
    ),
    (
        "compiled regular expression, bytes",
        PATTERN_PROGRAM_BYTES_MAX as u64,
        "a larger regular expression is not evaluated",
    ),
    (
        "regular expressions in a set",
        PATTERNS_IN_SET as u64,
        "regular expressions are run in sets of this size",
    ),
    (
        "texts of a generation, bytes",
        ARENA_BYTES_MAX,
        "a generation with more is not written",
    ),
    (
        "cached blocks",
        CACHED_BLOCKS as u64,
        "4 KiB each; older ones are read again",
    ),
    (
        "cached indicators",
        CACHED_INDICATORS as u64,
        "older ones are read again",
    ),
    (
        "remembered values",
        MEMO_VALUES as u64,
        "older ones are read again",
    ),
    (
        "remembered value, bytes",
        MEMO_VALUE_BYTES_MAX as u64,
        "a longer one is read each time",
    ),
    (
        "defects kept of a generation",
        DEFECTS_KEPT_MAX as u64,
        "further ones are counted, not described",
    ),
    (
        "hits of one record",
        HITS_PER_RECORD_MAX as u64,
        "further ones are counted, not reported",
    ),
    (
        "value of a hit, bytes",
        HIT_VALUE_BYTES_MAX as u64,
        "a longer value is cut in the detection",
    ),
    (
        "nesting of a rule's conditions",
        RULE_CONDITION_DEPTH_MAX as u64,
        "a rule with deeper ones is refused",
    ),
    (
        "comparisons of a rule",
        RULE_CONDITION_PARTS_MAX as u64,
        "a rule with more is refused",
    ),
    (
        "conditions of rules and patterns together",
        RULE_LEAVES_MAX as u64,
        "rules beyond are refused",
    ),
    (
        "observables of one name in an event",
        OBJECTS_PER_NAME_MAX as u64,
        "further ones are counted, not looked at",
    ),
    (
        "values of an observable's row",
        ROW_VALUES_MAX as u64,
        "further ones are counted, not looked at",
    ),
    (
        "work of a rule at once, about a nanosecond each",
        RULE_WORK_BEGIN,
        "a rule that takes more, beyond what each row allows, is passed over until the batch ends, and told",
    ),
    (
        "work of a rule that each row allows",
        RULE_WORK_EACH_ROW,
        "as above; and a unit for each 4 bytes of text in the row",
    ),
    (
        "comparisons in an explanation",
        RULE_FINDINGS_MAX as u64,
        "further ones are not given",
    ),
    (
        "regular expressions of rules together, bytes",
        RULE_EXPRESSIONS_BYTES_MAX as u64,
        "rules with further ones are refused; one alone may take 4 MiB",
    ),
    (
        "lateness of events, microseconds",
        STATE_LATENESS_MICROS as u64,
        "an event that comes later is counted as late, and matches by it are marked",
    ),
    (
        "look-back of a pattern, microseconds",
        STATE_LOOK_BACK_MICROS as u64,
        "a pattern without WITHIN forgets older hits in a stream; its results are then marked incomplete",
    ),
    (
        "hits kept of a comparison",
        STATE_LEAF_HITS_MAX as u64,
        "older ones are forgotten in a stream, unless REPEATS asks for more; results are then marked incomplete",
    ),
    (
        "hits that wait for earlier ones",
        STATE_WAITING_MAX as u64,
        "with more, the earliest waits no longer",
    ),
    (
        "groups of correlations and patterns",
        STATE_GROUPS_MAX as u64,
        "with more, the one that would expire first is forgotten, counted, and results are marked incomplete",
    ),
    (
        "events of all groups",
        STATE_EVENTS_MAX as u64,
        "with more, the group that would expire first is forgotten, counted, and results are marked incomplete",
    ),
    (
        "count of a correlation",
        STATE_COUNT_MAX as u64,
        "a correlation that asks for more is refused; of sums, older events are forgotten and results marked",
    ),
    (
        "values of a percentile",
        STATE_MEASURED_MAX as u64,
        "further values of a group are left out, and results are marked incomplete",
    ),
    (
        "events shown of a closed window",
        STATE_EVIDENCE_MAX as u64,
        "further ones count and are not shown",
    ),
    (
        "value to group by, bytes",
        STATE_VALUE_BYTES_MAX as u64,
        "a longer one is shown cut, with its digest",
    ),
    (
        "comparisons of a pattern in a stream",
        STATE_PATTERN_LEAVES_MAX as u64,
        "a pattern with more is not looked for in a stream",
    ),
    (
        "rows of rules of a correlation",
        STATE_ORDERS_MAX as u64,
        "a temporal_ordered correlation for some of its rules that makes more is refused",
    ),
    (
        "hits that a pattern joins at once in a stream",
        STATE_JOIN_HITS_MAX,
        "a pattern that needs more is named, and its results are marked incomplete",
    ),
    (
        "steps in search of a pattern's observations in a stream",
        STATE_JOIN_STEPS_MAX,
        "a pattern that needs more is named, and its results are marked incomplete",
    ),
    (
        "work of a pattern over several records in an hour",
        STATE_WORK_MAX,
        "by the events' time; a pattern that needs more rests, is named, and its results are marked incomplete",
    ),
    (
        "rest of a pattern that has spent it, microseconds",
        STATE_REST_MICROS as u64,
        "hits meanwhile are counted, not joined",
    ),
    (
        "rules that a correlation asks to be seen",
        STATE_RULES_SEEN_MAX as u64,
        "a correlation with more is refused",
    ),
];
