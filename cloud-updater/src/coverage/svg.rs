//! The matrix as a drawing: one line a service and one an endpoint, three boxes each.

use super::html::escaped;
use super::{CellKind, Matrix};

/// Height of a line, in pixels.
const LINE: usize = 26;
/// Width of the names, and of one box.
const NAMES: usize = 360;
const BOX: usize = 110;

/// The drawing.
#[must_use]
pub fn drawing(matrix: &Matrix) -> String {
    let mut lines = vec![(true, "service", ["now", "candidate", "both"].map(|word| (None, word)))];
    for service in &matrix.services {
        let cells = [&service.now, &service.candidate, &service.both];
        lines.push((true, service.service.as_str(), cells.map(|it| (Some(it.verdict), it.verdict.word()))));
        for endpoint in &service.endpoints {
            let cells = [&endpoint.now, &endpoint.candidate, &endpoint.both];
            lines.push((
                false,
                endpoint.endpoint.as_str(),
                cells.map(|it| (Some(it.verdict), it.verdict.word())),
            ));
        }
    }
    let (width, height) = (NAMES + 3 * BOX, lines.len() * LINE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" font-family=\"sans-serif\" font-size=\"13\">\n<title>Coverage of {}: {}</title>\n",
        escaped(&matrix.channel),
        escaped(&matrix.candidate)
    );
    for (index, (is_service, name, cells)) in lines.into_iter().enumerate() {
        let (top, base) = (index * LINE, index * LINE + 18);
        let (indent, weight) = if is_service { (4, "bold") } else { (20, "normal") };
        svg.push_str(&format!(
            "<text x=\"{indent}\" y=\"{base}\" font-weight=\"{weight}\">{}</text>\n",
            escaped(name)
        ));
        for (place, (kind, word)) in cells.into_iter().enumerate() {
            let left = NAMES + place * BOX;
            if let Some(kind) = kind {
                svg.push_str(&format!(
                    "<rect x=\"{left}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"{}\"/>\n",
                    top + 2,
                    BOX - 4,
                    LINE - 4,
                    colour(kind)
                ));
            }
            let middle = left + (BOX - 4) / 2;
            svg.push_str(&format!(
                "<text x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\">{word}</text>\n"
            ));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Colours that are told apart without red and green; the word stands in each box as well.
const fn colour(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Absent => "#eeeeee",
        CellKind::Lost => "#d55e00",
        CellKind::Refused => "#e69f00",
        CellKind::Unknown => "#cccccc",
        CellKind::Verified => "#56b4e9",
    }
}
