//! Bytes as a row of choices, for what no bytes come as: each choice takes from the front, and when they are used up
//! all others are the first.

pub(crate) struct Choices<'d> {
    left: &'d [u8],
}

impl<'d> Choices<'d> {
    pub(crate) fn new(data: &'d [u8]) -> Self {
        Choices { left: data }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.left.split_first() else {
            return 0;
        };
        self.left = rest;
        *first
    }

    /// A number below another one.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let mut number = usize::from(self.byte());
        if bound > 256 {
            number |= usize::from(self.byte()) << 8;
        }
        number % bound
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A short text of any letters.
    pub(crate) fn text(&mut self) -> String {
        let length = self.below(12).min(self.left.len());
        let (now, later) = self.left.split_at(length);
        self.left = later;
        String::from_utf8_lossy(now).into_owned()
    }
}
