//! The matrix as a page: the drawing, and every endpoint in words. It loads nothing and runs nothing.

use super::text::note;
use super::{Matrix, drawing};

/// The page.
#[must_use]
pub fn page(matrix: &Matrix) -> String {
    let title = format!("Coverage of {}", escaped(&matrix.channel));
    let now = if matrix.now.is_empty() { "nothing".to_owned() } else { matrix.now.join(" and ") };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>body{{font-family:sans-serif;margin:2em}}td,th{{text-align:left;padding:.2em .8em}}\
         </style></head><body>\n<h1>{title}</h1>\n<p>Devices have {}. To come: {}. As of {}.</p>\n",
        escaped(&now),
        escaped(&matrix.candidate),
        escaped(&matrix.at)
    );
    page.push_str(&drawing(matrix));
    page.push_str("<table>\n<tr><th>service</th><th>endpoint</th><th>now</th><th>candidate</th><th>both</th><th></th></tr>\n");
    for (service, endpoint) in matrix.endpoints() {
        let cells = [
            service.service.as_str(),
            &endpoint.endpoint,
            endpoint.now.verdict.word(),
            endpoint.candidate.verdict.word(),
            endpoint.both.verdict.word(),
            &note(endpoint),
        ];
        let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        page.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    page.push_str("</table>\n</body></html>\n");
    page
}

/// Text that stands in HTML and SVG as it is.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
