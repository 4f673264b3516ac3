//! How long a correlation looks back.

/// A span of time, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timespan {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
}

/// The letter behind the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `s`
    Second,
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
    /// `w` (pySigma)
    Week,
    /// `M`, 30.436875 days (pySigma)
    Month,
    /// `y`, 365.2425 days (pySigma)
    Year,
}

impl Unit {
    /// How long one is.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
            Self::Week => 604_800,
            Self::Month => 2_629_746,
            Self::Year => 31_556_952,
        }
    }
}

impl Timespan {
    /// Reads a whole number and one of `s m h d w M y`.
    pub fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => Unit::Second,
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "M" => Unit::Month,
            "y" => Unit::Year,
            _ => return None,
        };
        let digits = count.bytes().all(|digit| digit.is_ascii_digit());
        let count = digits.then(|| count.parse().ok()).flatten()?;
        (count > 0).then_some(Self { count, unit })
    }

    /// How long it is.
    pub fn seconds(self) -> u64 {
        u64::from(self.count) * self.unit.seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timespan_is_a_number_and_a_letter() {
        let seconds = |text| Timespan::parse(text).map(Timespan::seconds);
        assert_eq!(seconds("90m"), Some(5400));
        assert_eq!(seconds("2M"), Some(5_259_492));
        for wrong in [
            "10",
            "m",
            "",
            "0s",
            "-1s",
            "1.5h",
            "1 h",
            "1H",
            "99999999999s",
            "1ä",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
