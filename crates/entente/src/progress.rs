//! A bar with rate and time left on stderr when it is a terminal, silence when it is not.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Progress over bytes of input.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// `total` in bytes, where it is known. `quiet` keeps it silent.
    pub(crate) fn bytes(total: Option<u64>, quiet: bool) -> Progress {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        let visible = !quiet && std::io::stderr().is_terminal();
        bar.set_draw_target(if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        let template = if total.is_some() {
            "{bar:16} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {wide_msg}"
        } else {
            "{spinner} {bytes}  {bytes_per_sec}  {wide_msg}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if visible {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Progress { bar }
    }

    /// What is being read now; the bar cuts it to what the terminal has room for.
    pub(crate) fn about(&self, what: &str) {
        self.bar.set_message(crate::render::safe(what));
    }

    /// So many more bytes were read.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Takes the bar away for good.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Takes the bar away before a line is printed, and puts it back after.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
