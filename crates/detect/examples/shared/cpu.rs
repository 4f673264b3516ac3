//! CPU time, which a busy machine changes little.

/// What the work gave, and the CPU seconds of this thread that it took.
pub(crate) fn cpu<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let nanoseconds = || -> f64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
        let first = text.split(' ').next().expect("a number");
        first.parse().expect("a number")
    };
    let before = nanoseconds();
    let result = work();
    (result, (nanoseconds() - before) / 1e9)
}
