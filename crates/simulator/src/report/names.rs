//! Where the names of points stand in a drawing.

use super::scatter::{Frame, Spot};

/// Width of a letter and height of a line of the names.
const LETTER: f64 = 6.3;
const LINE: f64 = 14.0;

/// A rectangle: left, top, right, bottom.
type Rectangle = (f64, f64, f64, f64);

/// Where a name stands: its left end, its baseline, and the end that is fixed if its font is wider than assumed.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    anchor: Anchor,
}

#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}

/// Where each name stands: its left end and its baseline, at the nearest free place.
pub(super) fn place_names(spots: &[Spot<'_>], frame: &Frame, required: f64) -> Vec<Place> {
    let mut taken: Vec<Rectangle> = spots
        .iter()
        .map(|spot| (spot.x - 6.0, spot.y - 6.0, spot.x + 6.0, spot.y + 6.0))
        .collect();
    // The name of the required share.
    taken.push((frame.right - 84.0, required - 18.0, frame.right, required));
    let bars = spots.iter().flat_map(|spot| {
        [
            (spot.costs.0, spot.y - 2.0, spot.costs.1, spot.y + 2.0),
            (spot.x - 2.0, spot.shares.1, spot.x + 2.0, spot.shares.0),
        ]
    });
    let bars: Vec<Rectangle> = bars.collect();
    let rectangle =
        |place: &Place, width: f64| (place.x, place.y - 11.0, place.x + width, place.y + 3.0);
    let mut places = Vec::with_capacity(spots.len());
    // The own name first, where it is nearest.
    for spot in spots.iter().rev() {
        let width = width_of(&spot.name);
        let is_inside = |own: Rectangle| {
            own.0 >= frame.left - 4.0
                && own.2 <= frame.width
                && own.1 >= 0.0
                && own.3 <= frame.bottom
        };
        let is_free = |place: &Place, taken: &[Rectangle]| {
            let own = rectangle(place, width);
            is_inside(own) && taken.iter().all(|other| apart(own, *other))
        };
        let off_names = || candidates(spot, width).filter(|place| is_free(place, &taken));
        // A name on a range's bar can be read, one on another name can't.
        let free = off_names().find(|place| is_free(place, &bars));
        let place = free.or_else(|| off_names().next()).unwrap_or(Place {
            x: (spot.x + 10.0).min(frame.width - width),
            y: spot.y + 4.0,
            anchor: Anchor::Start,
        });
        if !spot.name.is_empty() {
            let (left, top, right, bottom) = rectangle(&place, width);
            taken.push((left - 4.0, top, right + 4.0, bottom));
        }
        places.push(place);
    }
    places.reverse();
    places
}

/// Width of a name.
pub(super) fn width_of(name: &str) -> f64 {
    name.chars().count() as f64 * LETTER
}

/// Places around a point, the nearest first.
fn candidates(spot: &Spot<'_>, width: f64) -> impl Iterator<Item = Place> {
    let (x, y) = (spot.x, spot.y);
    let middle = (x - width / 2.0, Anchor::Middle);
    let right = move |by: f64| (x + by, Anchor::Start);
    let left = move |by: f64| (x - by - width, Anchor::End);
    (0..20u8).map(f64::from).flat_map(move |ring| {
        let away = 11.0 + ring * LINE;
        [
            (right(away), y + 4.0),
            (left(away), y + 4.0),
            (middle, y - away),
            (right(4.0), y - away),
            (left(-4.0), y - away),
            (middle, y + away + 9.0),
            (right(4.0), y + away + 9.0),
            (left(-4.0), y + away + 9.0),
            (right(14.0), y - away),
            (left(14.0), y - away),
        ]
        .map(|((x, anchor), y)| Place { x, y, anchor })
    })
}

impl Place {
    /// The fixed end of a name of this width, and its class.
    pub(super) fn anchored(&self, width: f64) -> (f64, Option<&'static str>) {
        match self.anchor {
            Anchor::Start => (self.x, None),
            Anchor::Middle => (self.x + width / 2.0, Some("middle")),
            Anchor::End => (self.x + width, Some("end")),
        }
    }
}

fn apart(one: Rectangle, other: Rectangle) -> bool {
    one.2 <= other.0 || other.2 <= one.0 || one.3 <= other.1 || other.3 <= one.1
}
