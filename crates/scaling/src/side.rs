//! Scale-out and scale-in, and values that exist once for each.

/// The direction of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// More tasks.
    Out,
    /// Fewer tasks.
    In,
}

/// One value for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSide<T> {
    /// For scale-out.
    pub scale_out: T,
    /// For scale-in.
    pub scale_in: T,
}

impl Side {
    /// Returns `out` or `in`, the word after "scale".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }

    /// Whether going from one count to the other is a step in this direction.
    #[must_use]
    pub fn is_step(self, from: u32, to: u32) -> bool {
        match self {
            Self::Out => to > from,
            Self::In => to < from,
        }
    }
}

impl<T> PerSide<T> {
    /// The value of one side.
    pub fn get(&self, side: Side) -> &T {
        match side {
            Side::Out => &self.scale_out,
            Side::In => &self.scale_in,
        }
    }

    /// The value of one side, mutable.
    pub fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Out => &mut self.scale_out,
            Side::In => &mut self.scale_in,
        }
    }

    /// The same with every value converted.
    pub fn map<U>(self, mut convert: impl FnMut(T) -> U) -> PerSide<U> {
        PerSide {
            scale_out: convert(self.scale_out),
            scale_in: convert(self.scale_in),
        }
    }
}
