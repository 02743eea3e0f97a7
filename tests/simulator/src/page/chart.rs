//! One chart as SVG: curves or stacked areas over days, with marks that the table below explains.

use std::fmt::Write as _;

use super::{COLOURS, escaped};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 240.0;
/// Room for the scale, for half of the last day's name, and for the days below.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 16.0;
const DAY: f64 = 86_400_000.0;

/// A moment that is marked.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) at: u64,
    pub(super) name: String,
}

/// One curve.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    name: String,
    values: Vec<f64>,
}

impl Curve {
    pub(super) const fn new(name: String, values: Vec<f64>) -> Self {
        Self { name, values }
    }
}

/// A chart; every value stands for one column of time.
#[derive(Clone, Debug)]
pub(super) struct Chart<'c> {
    pub(super) title: &'c str,
    pub(super) unit: &'c str,
    pub(super) curves: Vec<Curve>,
    pub(super) is_stacked: bool,
    /// Milliseconds of a column.
    pub(super) column: u64,
    pub(super) marks: &'c [Mark],
}

impl Chart<'_> {
    /// Writes the chart and its legend.
    pub(super) fn draw(&self, html: &mut String) {
        let columns = self.curves.iter().map(|curve| curve.values.len()).max().unwrap_or(0);
        let top = nice(self.highest(columns));
        // Writing into a String cannot fail, here and below.
        let _ = write!(
            html,
            "<figure><figcaption>{0} <small>{1}</small></figcaption>\
             <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">",
            escaped(self.title),
            escaped(self.unit)
        );
        self.scale(html, top);
        self.days(html, columns);
        self.areas(html, columns, top);
        self.marks(html, columns);
        html.push_str("</svg><p class=\"legend\">");
        if self.curves.len() > 1 {
            for (curve, colour) in self.curves.iter().zip(COLOURS.iter().cycle()) {
                let _ = write!(
                    html,
                    "<span><i style=\"background:{colour}\"></i>{}</span>",
                    escaped(&curve.name)
                );
            }
        }
        html.push_str("</p></figure>");
    }

    fn highest(&self, columns: usize) -> f64 {
        let value = |curve: &Curve, column: usize| curve.values.get(column).copied().unwrap_or(0.0);
        let at = |column| -> f64 {
            let values = self.curves.iter().map(|curve| value(curve, column));
            if self.is_stacked { values.sum() } else { values.fold(0.0, f64::max) }
        };
        (0..columns).map(at).fold(0.0, f64::max)
    }

    fn scale(&self, html: &mut String, top: f64) {
        for quarter in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let y = height(quarter);
            let _ = write!(html, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/>", WIDTH - RIGHT);
            let _ = write!(
                html,
                "<text x=\"{:.1}\" y=\"{:.1}\" class=\"y\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                short(top * quarter)
            );
        }
    }

    fn days(&self, html: &mut String, columns: usize) {
        let days = self.moment(columns) / DAY;
        let step =
            [1.0, 2.0, 5.0, 10.0, 30.0, 60.0].into_iter().find(|step| days / step <= 14.0).unwrap_or(90.0);
        let mut day = 0.0;
        while day <= days {
            let x = self.x(day * DAY, columns);
            let _ = write!(html, "<text x=\"{x:.1}\" y=\"{:.1}\" class=\"x\">day {day}</text>", HEIGHT - 6.0);
            day += step;
        }
    }

    fn areas(&self, html: &mut String, columns: usize, top: f64) {
        let mut below = vec![0.0; columns];
        for (curve, colour) in self.curves.iter().zip(COLOURS.iter().cycle()) {
            let value = |column: usize| curve.values.get(column).copied().unwrap_or(0.0);
            let upper: Vec<f64> = below
                .iter()
                .enumerate()
                .map(|(column, below)| value(column) + if self.is_stacked { *below } else { 0.0 })
                .collect();
            let line = self.points(&upper, top);
            let name = escaped(&curve.name);
            if self.is_stacked {
                let mut back: Vec<String> = self.points(&below, top);
                back.reverse();
                let d = format!("M{}L{}Z", line.join("L"), back.join("L"));
                let _ = write!(
                    html,
                    "<path d=\"{d}\" fill=\"{colour}\" fill-opacity=\".82\"><title>{name}</title></path>"
                );
                below = upper;
            } else {
                let d = line.join("L");
                let _ = write!(
                    html,
                    "<path d=\"M{d}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.2\"><title>{name}</title></path>"
                );
            }
        }
    }

    fn marks(&self, html: &mut String, columns: usize) {
        for mark in self.marks {
            let x = self.x(number(mark.at), columns);
            let _ = write!(html, "<path class=\"mark\" d=\"M{x:.1} {TOP}V{:.1}\"/>", HEIGHT - BOTTOM);
            let _ = write!(
                html,
                "<text x=\"{:.1}\" y=\"{TOP}\" class=\"mark\">{}</text>",
                x + 3.0,
                escaped(&mark.name)
            );
        }
    }

    /// Milliseconds at the begin of a column.
    fn moment(&self, column: usize) -> f64 {
        number(self.column.saturating_mul(column as u64))
    }

    fn x(&self, at: f64, columns: usize) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (at / self.moment(columns.max(2) - 1)).min(1.0)
    }

    fn points(&self, values: &[f64], top: f64) -> Vec<String> {
        let columns = values.len();
        let point = |(column, value): (usize, &f64)| {
            format!("{:.1} {:.1}", self.x(self.moment(column), columns), height(value / top))
        };
        values.iter().enumerate().map(point).collect()
    }
}

/// The place of a part of the scale.
fn height(part: f64) -> f64 {
    let whole = HEIGHT - BOTTOM - TOP;
    TOP + whole * (1.0 - part)
}

/// The end of the scale: 1, 2, 2.5 or 5 times a power of ten.
fn nice(highest: f64) -> f64 {
    if highest <= 0.0 {
        return 1.0;
    }
    let power = 10.0_f64.powf(highest.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|end| *end >= highest).unwrap_or(highest)
}

fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{} M", value / 1e6),
        value if value >= 1e4 => format!("{} k", value / 1e3),
        value => format!("{}", (value * 100.0).round() / 100.0),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a scenario's milliseconds are far below 2^53")]
const fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        assert_eq!([nice(93.0), nice(240.0), nice(0.0), nice(1_200.0)], [100.0, 250.0, 1.0, 2_000.0]);
        assert_eq!([short(25_000.0), short(0.5), short(2e6)], ["25 k", "0.5", "2 M"]);
    }
}
