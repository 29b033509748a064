//! Recorded requests and answers.

use std::path::PathBuf;

/// A request and the answer of the original.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) status: u16,
    /// The body of the answer.
    pub(super) answer: String,
    /// When it was answered.
    pub(super) time: String,
}

/// Reads a file of the captures: those beside the repository, else the copy of them that is kept here.
pub(super) fn read(path: &str) -> String {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let places = [here.join("../../../shared/captures"), here.join("tests/captures")];
    let place = places.iter().find(|place| place.join(path).is_file());
    let place = place.unwrap_or_else(|| panic!("no capture {path}"));
    String::from_utf8(mig_core::limits::read_file(&place.join(path), 1 << 20).unwrap()).unwrap()
}

/// The header of a token that was made for the requests in `api/`.
pub(super) fn token() -> String {
    let header = read("token.header.txt");
    header.trim().split_once(": ").unwrap().1.to_owned()
}

/// The exchanges of `api/`, in their order.
pub(super) fn api_exchanges() -> Vec<Exchange> {
    read("api/INDEX.tsv").lines().skip(1).map(api_exchange).collect()
}

fn api_exchange(line: &str) -> Exchange {
    let columns: Vec<&str> = line.split('\t').collect();
    let (name, (method, path)) = (columns[0], columns[4].split_once(' ').unwrap());
    let token = match name {
        "auth_garbage" => "garbage".to_owned(),
        "auth_garbage4" => "1;2020-01-01T00:00:00Z;3;4".to_owned(),
        "auth_old" => token().replacen("2026-11-24T02:09:57Z", "2026-11-24T01:09:57Z", 1),
        "auth_v2" => token().replacen('1', "2", 1),
        _ => token(),
    };
    let answer = read(&format!("api/{name}.http"));
    Exchange {
        name: name.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        headers: vec![("x-pgpauthorization".to_owned(), token)],
        body: String::new(),
        status: columns[1].parse().unwrap(),
        time: time(&answer),
        answer: body(&answer),
    }
}

/// An exchange of `flows/`, by its number.
pub(super) fn flow(number: &str) -> Exchange {
    let name = FLOWS.iter().find(|name| name.starts_with(number)).unwrap();
    let request = read(&format!("flows/{name}.req.http")).replace("\r\n", "\n");
    let answer = read(&format!("flows/{name}.resp.http"));
    let (head, sent) = request.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let headers = lines.filter_map(|line| line.split_once(": "));
    Exchange {
        name: format!("flow {number}"),
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: sent.trim_end().to_owned(),
        status: answer.split(' ').nth(1).unwrap().parse().unwrap(),
        time: time(&answer),
        answer: body(&answer),
    }
}

const FLOWS: [&str; 12] = [
    "01.GET.ip",
    "02.POST.heartbeat",
    "03.GET.search_type=agent_limit=N_target=status_3D_27online_2",
    "04.POST.action_create",
    "05.GET.action_actionid=N",
    "06.GET.search_type=command_limit=N_offset=N_actionid=N",
    "07.GET.search_type=agent_limit=N_target=tags-_3E_3E_27site_2",
    "08.GET.search_type=agent_limit=N_target=name_3D_27nosuchagen",
    "09.GET.dashboard",
    "16.GET.investigator_investigatorid=N",
    "17.GET.search_type=action_after=N-05-19T02_39_14Z_before=N-0",
    "18.GET.search_type=agent_after=N-05-19T02_39_14Z_before=N-06",
];

/// The body of an answer, without the framing of chunks.
fn body(answer: &str) -> String {
    let answer = answer.replace("\r\n", "\n");
    let (_, body) = answer.split_once("\n\n").unwrap();
    match (body.find('{'), body.rfind('}')) {
        (Some(start), Some(end)) => body[start..=end].to_owned(),
        _ => body.trim_end().to_owned(),
    }
}

/// The header `Date`; all captures are of one day.
fn time(answer: &str) -> String {
    let line = answer.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap();
    let clock = line.trim().split(' ').nth(4).unwrap();
    assert!(line.starts_with("Tue, 24 Nov 2026 "), "{line}");
    format!("2026-11-24T{clock}Z")
}
