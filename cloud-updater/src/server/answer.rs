//! What a GET or HEAD of a published file is answered with: a pure function of the tree and the request.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::limits::NOT_FOUND_MAX_AGE_SECONDS;
use super::tree::{Entry, Tree, header};

/// The answer to `method` `path`; a query is not looked at, and the path is not decoded: there is one spelling
/// for each file.
pub(super) fn answer(tree: &Tree, method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let with_body = match *method {
        Method::GET => true,
        Method::HEAD => false,
        _ => return method_not_allowed("GET, HEAD"),
    };
    let Some(entry) = path.strip_prefix('/').and_then(|path| tree.entry(path)) else {
        return not_found(with_body);
    };
    if matches_any(headers, entry) {
        return not_modified(entry);
    }
    let body = if with_body { Body::from(entry.body.clone()) } else { Body::empty() };
    let mut response = Response::new(body);
    *response.headers_mut() = entry.headers.clone();
    response
}

/// 405, naming what is allowed.
pub(super) fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n", true);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// A short text.
pub(super) fn plain(status: StatusCode, text: &'static str, with_body: bool) -> Response {
    let body = if with_body { Body::from(text) } else { Body::empty() };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    response
}

/// 404, for caches to keep a short while: a device may ask for the next keyring generation any time.
fn not_found(with_body: bool) -> Response {
    let mut response = plain(StatusCode::NOT_FOUND, "not found\n", with_body);
    let caching = header(&format!("public, max-age={NOT_FOUND_MAX_AGE_SECONDS}"));
    response.headers_mut().insert(CACHE_CONTROL, caching);
    response
}

/// 304 with the headers that RFC 9110 §15.4.5 asks for.
fn not_modified(entry: &Entry) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    headers.insert(ETAG, entry.etag.clone());
    if let Some(caching) = entry.headers.get(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, caching.clone());
    }
    response
}

/// Whether `If-None-Match` names what the entry is (RFC 9110 §13.1.2: weak comparison, lists, `*`).
fn matches_any(headers: &HeaderMap, entry: &Entry) -> bool {
    let candidates =
        headers.get_all(IF_NONE_MATCH).iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    candidates.map(<[u8]>::trim_ascii).any(|candidate| {
        let strong = candidate.strip_prefix(b"W/").unwrap_or(candidate);
        candidate == b"*" || strong == entry.etag.as_bytes()
    })
}

#[cfg(test)]
mod tests {
    use axum::body::HttpBody as _;

    use super::*;
    use crate::server::kit::put;

    fn tree() -> Tree {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/head", b"the head");
        put(folder.path(), "prod/release/7", b"the release");
        Tree::load(folder.path(), 1_000, None).unwrap()
    }

    fn get(path: &str) -> Response {
        answer(&tree(), &Method::GET, path, &HeaderMap::new())
    }

    fn conditional(condition: &str) -> StatusCode {
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_str(condition).unwrap())]);
        answer(&tree(), &Method::GET, "/prod/head", &headers).status()
    }

    fn caching(response: &Response) -> &str {
        response.headers()[CACHE_CONTROL].to_str().unwrap()
    }

    #[test]
    fn a_head_is_kept_shortly_and_everything_else_for_ever() {
        assert_eq!(caching(&get("/prod/head")), "public, max-age=60, must-revalidate");
        assert_eq!(caching(&get("/prod/release/7")), "public, max-age=31536000, immutable");
        assert_eq!(caching(&get("/prod/release/8")), "public, max-age=30");
    }

    #[test]
    fn a_known_etag_is_answered_with_304_and_no_body() {
        let etag = get("/prod/head").headers()[ETAG].clone();
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, etag.clone())]);
        let response = answer(&tree(), &Method::GET, "/prod/head", &headers);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(response.body().size_hint().exact(), Some(0));
        assert_eq!(response.headers()[ETAG], etag);
        assert_eq!(caching(&response), "public, max-age=60, must-revalidate");
    }

    #[test]
    fn if_none_match_takes_lists_weak_tags_and_the_star() {
        let etag = get("/prod/head").headers()[ETAG].to_str().unwrap().to_owned();
        assert_eq!(conditional(&format!("\"other\", {etag}")), StatusCode::NOT_MODIFIED);
        assert_eq!(conditional(&format!("W/{etag}")), StatusCode::NOT_MODIFIED);
        assert_eq!(conditional("*"), StatusCode::NOT_MODIFIED);
        assert_eq!(conditional("\"other\""), StatusCode::OK);
        assert_eq!(conditional(etag.trim_matches('"')), StatusCode::OK);
    }

    #[test]
    fn a_head_request_has_the_length_and_no_body() {
        let response = answer(&tree(), &Method::HEAD, "/prod/head", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_LENGTH], "8");
        assert_eq!(response.body().size_hint().exact(), Some(0));
    }

    #[test]
    fn only_get_and_head_are_answered() {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            let response = answer(&tree(), &method, "/prod/head", &HeaderMap::new());
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
            assert_eq!(response.headers()[ALLOW], "GET, HEAD");
        }
    }

    #[test]
    fn no_spelling_but_the_published_one_is_found() {
        let paths = [
            "/",
            "/prod",
            "/prod/",
            "//prod/head",
            "/prod/./head",
            "/prod/../prod/head",
            "/prod/%68ead",
            "/PROD/head",
            "prod/head",
            "/../../etc/passwd",
            "/prod/head/",
        ];
        for path in paths {
            assert_eq!(get(path).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
